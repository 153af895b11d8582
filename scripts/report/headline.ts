/**
 * The first sentences of a report: which variant is the smallest, by how much,
 * and whether it still works.
 *
 * @module
 */
import { formatBytes, formatRatio } from "../lib/format.ts";
import type { Report, Variant } from "./report_schema.ts";
import { baselineOf, smallestOf } from "./figures.ts";

/** How a name is written in the output. */
type Show = (name: string) => string;

/**
 * Names the smallest variant, and how it compares with the baseline.
 *
 * @param report The report.
 * @param show How a name is written in the output.
 * @returns A sentence without a full stop.
 */
export function headline(report: Report, show: Show): string {
  const smallest = smallestOf(report.variants);
  if (smallest === undefined) {
    return report.failures.length === 0
      ? "No image was built"
      : "No image could be built";
  }
  const size = formatBytes(smallest.sizeBytes);
  return report.variants.length === 1
    ? `${show(smallest.name)}: ${size}`
    : `${show(smallest.name)} is the smallest: ${size}${
      comparedWith(smallest, report, show)
    }`;
}

/**
 * Says whether the smallest variant works, and which one does if it does not.
 *
 * @param report The report.
 * @param show How a name is written in the output.
 * @returns Sentences; nothing when no contract was asked of it.
 */
export function verdictOfSmallest(report: Report, show: Show): string {
  const smallest = smallestOf(report.variants);
  if (smallest === undefined) return "";
  const holds = works(smallest);
  if (holds === undefined) return "";
  if (holds) return "It holds its contract.";
  const best = smallestOf(report.variants.filter(works));
  return best === undefined
    ? "It breaks its contract."
    : `It breaks its contract; the smallest that holds it is ${
      show(best.name)
    } with ${formatBytes(best.sizeBytes)}.`;
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

function comparedWith(variant: Variant, report: Report, show: Show): string {
  const baseline = baselineOf(report);
  if (baseline === undefined || baseline === variant) return "";
  const ratio = formatRatio(variant.sizeBytes, baseline.sizeBytes);
  if (ratio === "same") return `, as ${show(baseline.name)}`;
  return ratio === "–" ? "" : `, ${ratio} than ${show(baseline.name)}`;
}
