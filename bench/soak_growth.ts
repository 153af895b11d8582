/**
 * Whether memory grows under a load that stays the same. The first third does
 * not count: heaps and buffers take their size then.
 *
 * @module
 */
import { median } from "../scripts/measure/measure_services.ts";

/** How much larger the last third may be than the middle one. */
export const TOLERANCE = 0.05;

/**
 * Compares the middle third of samples with the last.
 *
 * @param samples Bytes, evenly spaced in time; at least 3.
 * @returns The medians of both thirds, and whether they lie too far apart.
 * @throws {RangeError} When there are too few samples.
 */
export function growth(samples: readonly number[]) {
  const third = Math.floor(samples.length / 3);
  if (third === 0) throw new RangeError("Too few samples: expected at least 3");
  const middle = median(samples.slice(third, 2 * third));
  const last = median(samples.slice(-third));
  return { middle, last, grown: last > middle * (1 + TOLERANCE) };
}
