/**
 * The first sentence of a report: which variant is the smallest, by how much,
 * and whether it still works.
 *
 * @module
 */
import { formatBytes, formatRatio } from "../format.ts";
import type { Report, Variant } from "../schema.ts";
import { baselineOf, smallestOf } from "./figures.ts";

/**
 * Names the smallest variant that works, and one that is smaller and does not.
 *
 * @param report The report.
 * @param show How a name is written in the output.
 * @returns A sentence without a full stop.
 */
export function headline(
  report: Report,
  show: (name: string) => string,
): string {
  const working = report.variants.filter((variant) => works(variant) !== false);
  const smallest = smallestOf(report.variants);
  if (smallest === undefined) {
    return report.failures.length === 0
      ? "No image was built"
      : "No image could be built";
  }
  const best = smallestOf(working);
  const size = `${show(smallest.name)} is the smallest: ${
    formatBytes(smallest.sizeBytes)
  }${comparedWith(smallest, report, show)}`;
  if (smallest === best) {
    return works(smallest) ? `${size}, and it holds its contract` : size;
  }
  const instead = best === undefined
    ? ""
    : `; the smallest that does is ${show(best.name)} with ${
      formatBytes(best.sizeBytes)
    }`;
  return `${size}, but it breaks its contract${instead}`;
}

/** Whether the contract holds; `undefined` when nothing was asked of it. */
export function works(variant: Variant): boolean | undefined {
  const made = (variant.contract ?? []).filter(({ status }) =>
    status !== "skip"
  );
  return made.length === 0
    ? undefined
    : made.every(({ status }) => status === "pass");
}

function comparedWith(
  variant: Variant,
  report: Report,
  show: (name: string) => string,
): string {
  const baseline = baselineOf(report);
  if (baseline === undefined || baseline === variant) return "";
  const ratio = formatRatio(variant.sizeBytes, baseline.sizeBytes);
  if (ratio === "same") return `, as ${show(baseline.name)}`;
  return ratio === "–" ? "" : `, ${ratio} than ${show(baseline.name)}`;
}
