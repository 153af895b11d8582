/**
 * The first sentences of a report: which variant is the smallest, by how much,
 * whether it still works, and where its bytes go.
 *
 * @module
 */
import { formatBytes, formatRatio, formatShare } from "../lib/format.ts";
import { baselineOf, plural, smallestOf } from "./figures.ts";
import { applicationParts, filledLeaves, filledTree } from "./filled_tree.ts";
import { coded, type Inline, named } from "./document.ts";
import { checksOf } from "./problems.ts";
import type { Report, Variant } from "./report_schema.ts";

/** The smallest variant, and how it compares; a sentence without a full stop. */
export function headline(report: Report): Inline {
  const { variants, failures } = report;
  const smallest = smallestOf(variants);
  if (smallest === undefined) {
    return `No image ${failures.length === 0 ? "was" : "could be"} built`;
  }
  const { name, sizeBytes } = smallest;
  const size = formatBytes(sizeBytes);
  if (variants.length === 1) return [named(name), `: ${size}`];
  const baseline = baselineOf(report);
  const ratio = formatRatio(sizeBytes, baseline?.sizeBytes ?? 0);
  return [
    named(name),
    ` is the smallest: ${size}`,
    baseline && baseline !== smallest && ratio !== "–" &&
    [ratio === "same" ? ", as " : `, ${ratio} than `, named(baseline.name)],
  ];
}

/**
 * Whether the smallest variant works, and which one does if it does not, in
 * sentences; nothing when no contract was asked of it.
 */
export function verdictOfSmallest({ variants }: Report): Inline {
  const smallest = smallestOf(variants);
  const holds = smallest && works(smallest);
  if (smallest === undefined || holds === undefined) return undefined;
  const name = named(smallest.name);
  if (holds) {
    const failed = checksOf(smallest)
      .filter(({ status }) => status === "fail").length;
    return failed === 0 ? [name, " holds its contract."] : [
      name,
      ` holds its contract, and fails ${plural(failed, "further check")}.`,
    ];
  }
  const best = smallestOf(variants.filter(works));
  return best === undefined ? [name, " breaks its contract."] : [
    name,
    " breaks its contract; the smallest that holds it is ",
    named(best.name),
    ` with ${formatBytes(best.sizeBytes)}.`,
  ];
}

/** Whether the contract holds; `undefined` when nothing was asked of it. */
function works({ contract = [] }: Variant): boolean | undefined {
  const made = contract.filter(({ status }) => status !== "skip");
  return made.length === 0
    ? undefined
    : made.every(({ status }) => status === "pass");
}

/** Where the largest part of the smallest image goes; nothing of an empty one. */
export function insight(report: Report): Inline {
  const part = largestPart(report);
  if (part === undefined) return undefined;
  const { share, variant, bytes, name, named: known, others } = part;
  return [
    `${share} of `,
    named(variant),
    ` (${bytes}) is `,
    known ? name : coded(name),
    ...others.map((other) => `, ${other}`),
    ".",
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
