/**
 * The first sentences of a report: which variant is the smallest, by how much,
 * and whether it still works.
 *
 * @module
 */
import { formatBytes, formatRatio, formatShare } from "../lib/format.ts";
import { baselineOf, smallestOf } from "./figures.ts";
import { filledLeaves, filledTree } from "./filled_tree.ts";
import { checksOf } from "./problems.ts";
import type { Report, Variant } from "./report_schema.ts";

/** How a name is written in the output. */
type Show = (name: string) => string;

/**
 * Names the smallest variant, and how it compares with the baseline.
 *
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
 * @param show How a name is written in the output.
 * @returns Sentences; nothing when no contract was asked of it.
 */
export function verdictOfSmallest(report: Report, show: Show): string {
  const smallest = smallestOf(report.variants);
  if (smallest === undefined) return "";
  const holds = works(smallest);
  if (holds === undefined) return "";
  const name = show(smallest.name);
  if (holds) {
    const failed = checksOf(smallest)
      .filter(({ status }) => status === "fail").length;
    return failed === 0
      ? `${name} holds its contract.`
      : `${name} holds its contract, and fails ${failed} further ${
        failed === 1 ? "check" : "checks"
      }.`;
  }
  const best = smallestOf(report.variants.filter(works));
  return best === undefined
    ? `${name} breaks its contract.`
    : `${name} breaks its contract; the smallest that holds it is ${
      show(best.name)
    } with ${formatBytes(best.sizeBytes)}.`;
}

/** Whether the contract holds; `undefined` when nothing was asked of it. */
function works(variant: Variant): boolean | undefined {
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

/** The largest part of the smallest image. */
interface LargestPart {
  variant: string;
  /** Its part of the size, as a percentage. */
  share: string;
  bytes: string;
  /** What it is. */
  name: string;
  /** Whether the name is ours; otherwise it is a path of the image. */
  named: boolean;
  /** What else is in the program, as `1.4 % packages`; without it if it is that. */
  others: string[];
}

/** Finds where the largest part of the smallest image goes. */
export function largestPart(report: Report): LargestPart | undefined {
  const variant = smallestOf(report.variants);
  if (variant === undefined || variant.sizeBytes === 0) return undefined;
  const { program, sizeBytes } = variant;
  const parts = filledLeaves(filledTree({ ...variant, program: undefined }))
    .filter(({ name, path }) =>
      path !== "/" && path !== program?.path && !SEVERAL.test(name)
    )
    .map(({ path, bytes }) => ({ name: path, bytes, named: false }));
  if (program !== undefined) {
    const { runtimeBytes, applicationBytes } = program;
    parts.push({ name: RUNTIME, bytes: runtimeBytes, named: true });
    parts.push({ name: CODE, bytes: applicationBytes, named: true });
  }
  const [largest] = parts.sort((a, b) => b.bytes - a.bytes);
  if (largest === undefined) return undefined;
  return {
    variant: variant.name,
    share: formatShare(largest.bytes, sizeBytes),
    bytes: formatBytes(largest.bytes),
    name: largest.name,
    named: largest.named,
    others: program === undefined || largest.name === CODE
      ? []
      : applicationParts(program)
        .map(([name, bytes]) => `${formatShare(bytes, sizeBytes)} ${name}`),
  };
}

/** Packages apart from the service's own code, where there are some. */
function applicationParts(
  { parts, applicationBytes }: NonNullable<Variant["program"]>,
): [name: string, bytes: number][] {
  const packages = parts === undefined ? 0 : parts.npm + parts.remote;
  return packages === 0 ? [[CODE, applicationBytes]] : [
    ["packages", packages],
    [CODE, applicationBytes - packages],
  ];
}

const RUNTIME = "the Deno runtime";
const CODE = "your code";

/** How the analysis names what it has summed up, which is no path. */
const SEVERAL = /^other \(\d+\)$/;
