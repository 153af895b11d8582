/**
 * The first sentences of a report: which variant is the smallest, by how much,
 * whether it still works, and where its bytes go.
 *
 * @module
 */
import { formatBytes, formatRatio, formatShare } from "../lib/format.ts";
import { baselineOf, smallestOf } from "./figures.ts";
import { filledLeaves, filledTree } from "./filled_tree.ts";
import { checksOf } from "./problems.ts";
import type { Report, Variant } from "./report_schema.ts";
import { applicationParts } from "./shared_rows.ts";

/** How a name is written in the output. */
type Show<T = string> = (name: string) => T;

/** The smallest variant, and how it compares; a sentence without a full stop. */
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

function comparedWith(variant: Variant, report: Report, show: Show): string {
  const baseline = baselineOf(report);
  if (baseline === undefined || baseline === variant) return "";
  const ratio = formatRatio(variant.sizeBytes, baseline.sizeBytes);
  if (ratio === "same") return `, as ${show(baseline.name)}`;
  return ratio === "–" ? "" : `, ${ratio} than ${show(baseline.name)}`;
}

/**
 * Whether the smallest variant works, and which one does if it does not, in
 * sentences; nothing when no contract was asked of it.
 */
export function verdictOfSmallest({ variants }: Report, show: Show): string {
  const smallest = smallestOf(variants);
  const holds = smallest && works(smallest);
  if (smallest === undefined || holds === undefined) return "";
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
  const best = smallestOf(variants.filter(works));
  return best === undefined
    ? `${name} breaks its contract.`
    : `${name} breaks its contract; the smallest that holds it is ${
      show(best.name)
    } with ${formatBytes(best.sizeBytes)}.`;
}

/** Whether the contract holds; `undefined` when nothing was asked of it. */
function works({ contract = [] }: Variant): boolean | undefined {
  const made = contract.filter(({ status }) => status !== "skip");
  return made.length === 0
    ? undefined
    : made.every(({ status }) => status === "pass");
}

/**
 * Where the largest part of the smallest image goes, as the pieces of a sentence
 * without a full stop; none of an empty image.
 */
export function insight<T>(
  report: Report,
  show: Show,
  showPath: Show<T>,
): (string | T)[] {
  const part = largestPart(report);
  if (part === undefined) return [];
  const { share, variant, bytes, name, named, others } = part;
  return [
    `${share} of ${show(variant)} (${bytes}) is `,
    named ? name : showPath(name),
    ...others.map((other) => `, ${other}`),
  ];
}

const RUNTIME = "the Deno runtime";

/** How the analysis names what it has summed up, which is no path. */
const SEVERAL = /^other \(\d+\)$/;

/** The largest part of the smallest image, with its share of the size. */
export function largestPart({ variants }: Report) {
  const variant = smallestOf(variants);
  if (variant === undefined || variant.sizeBytes === 0) return undefined;
  const { program, sizeBytes } = variant;
  const parts = filledLeaves(filledTree({ ...variant, program: undefined }))
    .filter(({ name, path }) =>
      path !== "/" && path !== program?.path && !SEVERAL.test(name)
    )
    .map(({ path, bytes }) => ({ name: path, bytes, named: false }));
  const application = program === undefined ? [] : applicationParts(program);
  if (program !== undefined) {
    parts.push({ name: RUNTIME, bytes: program.runtimeBytes, named: true });
    for (const part of application) parts.push({ ...part, named: true });
  }
  const [largest] = parts.sort((a, b) => b.bytes - a.bytes);
  return largest && {
    variant: variant.name,
    share: formatShare(largest.bytes, sizeBytes),
    bytes: formatBytes(largest.bytes),
    name: largest.name,
    /** Whether the name is ours; otherwise it is a path of the image. */
    named: largest.named,
    /** What else is in the program, as `1.4 % packages`. */
    others: application.filter(({ name }) => name !== largest.name)
      .map(({ name, bytes }) => `${formatShare(bytes, sizeBytes)} ${name}`),
  };
}
