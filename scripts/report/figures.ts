/**
 * The figures of a variant as people read them, once for terminal, Markdown and
 * HTML. What was not measured has no text at all.
 *
 * @module
 */
import {
  formatBytes,
  formatDuration,
  formatRatio,
  formatShare,
} from "../format.ts";
import type { Check, Report, Surface, Variant } from "../schema.ts";

/** One figure of every variant: a column of the comparison. */
export interface Figure {
  id: string;
  title: string;
  /** Numbers line up at their right. */
  align: "left" | "right";
  /** What the figure belongs to; tables break between groups. */
  group: "size" | "cost" | "defence";
  /** `undefined` when it was not measured. */
  text(variant: Variant, report: Report): string | undefined;
}

/** All figures of the comparison, in reading order. */
export const FIGURES: Figure[] = [
  right("size", "size", "Size", (v) => formatBytes(v.sizeBytes)),
  left("ratio", "size", "vs baseline", ratio),
  right("layers", "size", "Layers", (v) => String(v.layers.length)),
  left("user", "size", "User", userOf),
  left("contract", "size", "Contract", (v) => tally(v.contract)),
  right("pull", "cost", "Pull", (v) => bytes(v.pullBytes?.gzip)),
  right("zstd", "cost", "Pull zstd", (v) => bytes(v.pullBytes?.zstd)),
  right("deploy", "cost", "Next deploy", (v) => bytes(v.nextDeployBytes)),
  right("start", "cost", "Start", (v) => duration(v.startMs?.median)),
  right("memory", "cost", "Memory", (v) => bytes(v.memoryBytes?.idle)),
  right("floor", "cost", "Memory floor", (v) => bytes(v.memoryFloorBytes)),
  right("efficiency", "defence", "Efficiency", efficiency),
  left("hardening", "defence", "Hardened", (v) => tally(v.hardening)),
  left("surface", "defence", "Surface", (v) => surfaceAtAGlance(v.surface)),
];

/** The figures that were measured for one variant at least. */
export function measuredFigures(report: Report): Figure[] {
  return FIGURES.filter((figure) =>
    report.variants.some((variant) =>
      figure.text(variant, report) !== undefined
    )
  );
}

/** The variant with the smallest size; the first of equals. */
export function smallestOf(variants: Variant[]): Variant | undefined {
  return variants.reduce<Variant | undefined>(
    (least, variant) =>
      least === undefined || variant.sizeBytes < least.sizeBytes
        ? variant
        : least,
    undefined,
  );
}

/** The variant that the others are compared with, if it was built. */
export function baselineOf(report: Report): Variant | undefined {
  return report.variants.find(({ name }) => name === report.baseline);
}

function ratio(variant: Variant, report: Report): string | undefined {
  const baseline = baselineOf(report);
  if (baseline === undefined) return undefined;
  return variant === baseline
    ? "1.0×"
    : formatRatio(variant.sizeBytes, baseline.sizeBytes);
}

/** The user as the image states it, and whether that is root by another name. */
export function userOf({ config, surface }: Variant): string {
  const user = config.user === "" ? "root" : config.user;
  return surface.runsAsRoot && !/^root(:|$)/.test(user)
    ? `${user} (root)`
    : user;
}

/**
 * How many checks passed of those that were made.
 *
 * @returns As `9/9`; `undefined` when none was made.
 */
export function tally(checks: Check[] | undefined): string | undefined {
  const made = (checks ?? []).filter(({ status }) => status !== "skip");
  if (made.length === 0) return undefined;
  const passed = made.filter(({ status }) => status === "pass");
  return `${passed.length}/${made.length}`;
}

/**
 * rootfs / size as a percentage, rounded down: with any waste it is not 100 %.
 */
export function efficiency(variant: Variant): string {
  const tenths = Math.floor(variant.efficiency * 1000 + 1e-6) / 10;
  const shown = variant.wasteBytes > 0 ? Math.min(tenths, 99.9) : tenths;
  return `${shown} %`;
}

/** What an intruder could use, in a few words; `none` when there is nothing. */
export function surfaceAtAGlance(surface: Surface): string {
  const special = new Set([...surface.setuid, ...surface.setgid]);
  return [
    namesOf(surface.shells, "shell"),
    namesOf(surface.packageManagers, "package manager"),
    plural(special.size, "setuid/setgid", ""),
    plural(surface.worldWritable.length, "world-writable", ""),
    plural(surface.debianPackages.length, "package"),
  ].filter((part) => part !== "").join(", ") || "none";
}

function namesOf(paths: string[], kind: string): string {
  const names = [...new Set(paths.map((path) => path.split("/").at(-1) ?? ""))];
  return names.length <= 2 ? names.join(", ") : plural(names.length, kind);
}

function plural(count: number, word: string, ending = "s"): string {
  return count === 0 ? "" : `${count} ${word}${count === 1 ? "" : ending}`;
}

/** The largest part of the smallest image. */
export interface LargestPart {
  variant: string;
  /** Its part of the size, as a percentage. */
  share: string;
  bytes: string;
  /** What it is. */
  name: string;
  /** Whether the name is ours; otherwise it is a path of the image. */
  named: boolean;
  /** The percentage that the application is, if that is another part. */
  code?: string;
}

/** Finds where the largest part of the smallest image goes. */
export function largestPart(report: Report): LargestPart | undefined {
  const variant = smallestOf(report.variants);
  if (variant === undefined || variant.sizeBytes === 0) return undefined;
  const { program, sizeBytes } = variant;
  const parts = leaves(variant)
    .filter(({ name }) => name !== program?.path)
    .map((leaf) => ({ ...leaf, named: false }));
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
    code: program === undefined || largest.name === CODE
      ? undefined
      : formatShare(program.applicationBytes, sizeBytes),
  };
}

const RUNTIME = "the Deno runtime";
const CODE = "your code";

/** A file or a folder that is not taken apart further, by its whole path. */
export interface Leaf {
  name: string;
  bytes: number;
}

/** All that fills a variant, by path; several small things are no path. */
export function leaves({ contents }: Variant): Leaf[] {
  const found: Leaf[] = [];
  const visit = (node: Variant["contents"], path: string) => {
    if (node.children === undefined || node.children.length === 0) {
      if (node !== contents && !SEVERAL.test(node.name)) {
        found.push({ name: path, bytes: node.bytes });
      }
      return;
    }
    for (const child of node.children) visit(child, `${path}/${child.name}`);
  };
  visit(contents, "");
  return found;
}

/** How the analysis names what it has summed up. */
const SEVERAL = /^other \(\d+\)$/;

function bytes(value: number | undefined): string | undefined {
  return value === undefined ? undefined : formatBytes(value);
}

function duration(value: number | undefined): string | undefined {
  return value === undefined ? undefined : formatDuration(value);
}

function right(
  id: string,
  group: Figure["group"],
  title: string,
  text: Figure["text"],
): Figure {
  return { id, title, align: "right", group, text };
}

function left(
  id: string,
  group: Figure["group"],
  title: string,
  text: Figure["text"],
): Figure {
  return { id, title, align: "left", group, text };
}
