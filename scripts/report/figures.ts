/**
 * The figures of a variant as people read them, once for terminal, Markdown and
 * HTML. What was not measured has no text at all.
 *
 * @module
 */
import { formatBytes, formatDuration, formatRatio } from "../lib/format.ts";
import type { Check, Report, Variant } from "./report_schema.ts";
import type { Surface } from "../inspect/inspect_schema.ts";

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
  right("further", "cost", "Further service", (v) => bytes(furtherService(v))),
  right("start", "cost", "Start", (v) => duration(v.startMs?.median)),
  right(
    "process",
    "cost",
    "Process",
    (v) => duration(v.processStartMs?.median),
  ),
  right("memory", "cost", "Memory", (v) => bytes(v.memoryBytes?.idle)),
  right("floor", "cost", "Memory floor", (v) => bytes(v.memoryFloorBytes)),
  right("efficiency", "defence", "Efficiency", efficiency),
  left("hardening", "defence", "Hardened", (v) => tally(v.hardening)),
  left(
    "reproducible",
    "defence",
    "Reproducible",
    (v) => tally(v.reproducible),
  ),
  left("surface", "defence", "Surface", (v) => surfaceAtAGlance(v.surface)),
];

/** Figures that are of interest even where all variants share them. */
const ALWAYS = new Set([
  ...["size", "ratio", "contract", "pull", "deploy", "start", "memory"],
  ...["hardening", "reproducible"],
]);

/**
 * The figures worth a column: measured for one variant at least, and either of
 * interest by themselves, or telling variants apart, or a warning.
 */
export function measuredFigures(report: Report): Figure[] {
  return FIGURES.filter((figure) => {
    const texts = report.variants.map((each) => figure.text(each, report));
    if (texts.every((text) => text === undefined)) return false;
    return ALWAYS.has(figure.id) || new Set(texts).size > 1 ||
      report.variants.length === 1 ||
      figure.id === "efficiency" && texts[0] !== "100 %";
  });
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

/**
 * What a node that has this image pulls for another service of the same Deno:
 * the layers that are not shared, with gzip.
 *
 * @returns `undefined` when no layer is known to be shared, or one was not
 * compressed.
 */
export function furtherService({ layers }: Variant): number | undefined {
  if (!layers.some(({ shared }) => shared)) return undefined;
  return layers.filter(({ shared }) => !shared).reduce<number | undefined>(
    (sum, { gzipBytes }) =>
      sum === undefined || gzipBytes === undefined
        ? undefined
        : sum + gzipBytes,
    0,
  );
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
