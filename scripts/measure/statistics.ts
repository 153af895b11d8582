/**
 * Median and 95th percentile of a few runs.
 *
 * @module
 */
import type { Distribution } from "../report/report_schema.ts";

/**
 * The middle of some numbers; of an even count, the mean of the two in the middle.
 *
 * @throws {RangeError} When there are none.
 */
export function median(samples: readonly number[]): number {
  const sorted = sort(samples);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[half]
    : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * A percentile by the nearest-rank method: the smallest sample that at least
 * `percent` of all samples do not exceed. It is always one of the samples; with
 * fewer than 20 of them the 95th is the largest.
 *
 * @param samples In any order.
 * @param percent Above 0, to 100.
 * @throws {RangeError} When there are no samples, or percent is out of range.
 */
export function percentile(
  samples: readonly number[],
  percent: number,
): number {
  if (!(percent > 0 && percent <= 100)) {
    throw new RangeError(
      `Cannot take percentile ${percent}: expected above 0, to 100`,
    );
  }
  const sorted = sort(samples);
  // Multiplied first: 0.95 * 20 is not 19 in binary.
  return sorted[Math.ceil(percent * sorted.length / 100) - 1];
}

/**
 * The figures that a report shows for some runs.
 *
 * @param samples Milliseconds of each run, in the order taken.
 */
export function distribution(samples: readonly number[]): Distribution {
  return {
    median: median(samples),
    p95: percentile(samples, 95),
    runs: samples.length,
    samples: [...samples],
  };
}

function sort(samples: readonly number[]): number[] {
  if (samples.length === 0) throw new RangeError("There are no samples");
  return samples.toSorted((a, b) => a - b);
}
