/**
 * The registry of figures: what each is called, how it is read from a variant and
 * shown, what it means, and whether a budget can limit it or its growth. Tables,
 * charts, the budget and its schema read it. What was not measured is absent.
 *
 * @module
 */
import {
  formatBytes,
  formatDuration,
  formatRatio,
  printable,
} from "../lib/format.ts";
import { CHECK_KINDS, CHECK_LISTS } from "./check_kinds.ts";
import type { Check, Report, Variant } from "./report_schema.ts";
import { textWidth } from "./text_width.ts";
import type { Surface } from "../inspect/inspect_schema.ts";

/** What a number counts. */
export type Unit = "bytes" | "milliseconds" | "count";

/** A table of the comparison. */
type Group = "size" | "cost" | "defence";

/** One figure of every variant. */
export interface Figure {
  /** Also the name of its rule in a budget. */
  id: string;
  title: string;
  /** Where its column is; tables break between groups. Absent: it has none. */
  group?: Group;
  unit?: Unit;
  /** The number; absent for a figure that is words alone. */
  value?(variant: Variant): number | undefined;
  /** In place of the number with its unit. */
  words?(variant: Variant, report: Report): string | undefined;
  /** Whether its column is of interest even where all variants share it. */
  always?: boolean;
  /** What it is and how it was measured. */
  method?: string;
  /** What a limit on it says in the budget's schema; absent: it has none. */
  limit?: string;
  /** The same of a limit on its growth. More is worse for all of them. */
  growth?: string;
}

/** All figures, columns in reading order. */
export const FIGURES: readonly Figure[] = [
  {
    id: "size",
    title: "Size",
    group: "size",
    unit: "bytes",
    value: (v) => v.sizeBytes,
    always: true,
    method: "bytes of the regular files in all layers; a hard link counts once",
    limit: "Largest size.",
    growth: "Growth of the size.",
  },
  {
    id: "ratio",
    title: "vs baseline",
    group: "size",
    words: ratio,
    always: true,
  },
  {
    id: "layers",
    title: "Layers",
    group: "size",
    unit: "count",
    value: (v) => v.layers.length,
    limit: "Most layers.",
  },
  { id: "user", title: "User", group: "size", words: userOf },
  {
    id: "contract",
    title: "Contract",
    group: "size",
    words: (v) => tally(v.contract),
    always: true,
  },
  {
    id: "pull",
    title: "Pull",
    group: "cost",
    unit: "bytes",
    value: (v) => v.pullBytes?.gzip,
    always: true,
    method:
      "bytes of all layers compressed with gzip, as a registry would send them",
    limit: "Largest gzip pull.",
    growth: "Growth of the gzip pull.",
  },
  {
    id: "zstd",
    title: "Pull zstd",
    group: "cost",
    unit: "bytes",
    value: (v) => v.pullBytes?.zstd,
  },
  {
    id: "nextDeploy",
    title: "Next deploy",
    group: "cost",
    unit: "bytes",
    value: (v) => v.nextDeployBytes,
    always: true,
    method:
      "compressed bytes of the layers that are new after one line of the service was changed and the image built again",
    limit: "Largest next deploy, gzip.",
    growth: "Growth of the next deploy.",
  },
  {
    id: "further",
    title: "Further service",
    group: "cost",
    unit: "bytes",
    value: furtherService,
    method:
      "compressed bytes that a node with this image pulls for another service that the same Deno has compiled: the layers that are not shared",
  },
  {
    id: "start",
    title: "Start",
    group: "cost",
    unit: "milliseconds",
    value: (v) => v.startMs?.median,
    always: true,
    method:
      "from the engine's start of the container to the first 200 from the health check; runs alternate between the variants, the figure is the median",
    limit: "Longest median start.",
    growth: "Growth of the median start.",
  },
  {
    id: "process",
    title: "Process",
    group: "cost",
    unit: "milliseconds",
    value: (v) => v.processStartMs?.median,
    method:
      "the part of the start that is the program's own: from when the engine saw it run to the same 200; what is left is the engine",
  },
  {
    id: "memory",
    title: "Memory",
    group: "cost",
    unit: "bytes",
    value: (v) => v.memoryBytes?.idle,
    always: true,
    method:
      "resident set of the service's process: idle after the start, and after a burst of requests",
    limit: "Largest resident set, idle after start.",
    growth: "Growth of the idle resident set.",
  },
  {
    id: "floor",
    title: "Memory floor",
    group: "cost",
    unit: "bytes",
    value: (v) => v.memoryFloorBytes,
    method:
      "the lowest memory limit, found by halving, under which the image serves a burst at half its free speed or better and stops cleanly",
  },
  {
    id: "efficiency",
    title: "Efficiency",
    group: "defence",
    value: (v) => v.efficiency,
    words: efficiency,
    method:
      "bytes that are left when the layers are laid over each other, divided by the size; what is missing is waste",
  },
  {
    id: "hardening",
    title: "Checks",
    group: "defence",
    words: (v) => tallyByKind(v.hardening),
    always: true,
  },
  {
    id: "reproducible",
    title: "Reproducible",
    group: "defence",
    words: (v) => tally(v.reproducible),
    always: true,
  },
  {
    id: "surface",
    title: "Surface",
    group: "defence",
    words: (v) => surfaceAtAGlance(v.surface, v.secrets),
  },
  {
    id: "layer",
    title: "Largest layer",
    unit: "bytes",
    value: (v) => Math.max(0, ...v.layers.map((layer) => layer.sizeBytes)),
    limit: "Largest size of any single layer.",
  },
  {
    id: "waste",
    title: "Waste",
    unit: "bytes",
    value: (v) => v.wasteBytes,
    limit: "Most waste.",
  },
  {
    id: "files",
    title: "Files",
    unit: "count",
    value: (v) => v.rootfs.files,
    limit: "Most regular files in the rootfs.",
  },
  {
    id: "packages",
    title: "Debian packages",
    unit: "count",
    value: (v) => v.surface.debianPackages.length,
    limit: "Most Debian packages.",
  },
];

/**
 * The number of a figure.
 *
 * @returns `undefined` when it was not measured.
 * @throws {TypeError} When the registry has no such number.
 */
export function valueOf(id: string, variant: Variant): number | undefined {
  const figure = FIGURES.find((figure) => figure.id === id);
  if (figure?.value === undefined) throw new TypeError(`No figure "${id}"`);
  return figure.value(variant);
}

/** A figure as people read it; `undefined` when it was not measured. */
export function textOf(
  { value, words, unit }: Figure,
  variant: Variant,
  report: Report,
): string | undefined {
  if (words !== undefined) return words(variant, report);
  const found = value?.(variant);
  return found === undefined || unit === undefined
    ? undefined
    : formatNumber(found, unit);
}

/** A number with its unit. */
export function formatNumber(value: number, unit: Unit): string {
  if (unit === "count") return String(value);
  return unit === "bytes" ? formatBytes(value) : formatDuration(value);
}

/** Whether it is a number: those line up at their right. */
export function isNumber({ value }: Figure): boolean {
  return value !== undefined;
}

/** The title of its column; names that would make it wide are left out. */
export function titleOf({ id, title }: Figure, { baseline }: Report): string {
  const name = printable(baseline);
  return id === "ratio" && textWidth(name) <= 16 ? `vs ${name}` : title;
}

/**
 * Whether one failed of the checks that a figure counts.
 *
 * @returns `undefined` when it counts none.
 */
export function failedIn(
  { id }: Figure,
  variant: Variant,
): boolean | undefined {
  const list = CHECK_LISTS.find((list) => list === id);
  return list && variant[list]?.some(({ status }) => status === "fail");
}

/**
 * The figures worth a column: measured for one variant at least, and either of
 * interest by themselves, or telling variants apart, or a warning. By group.
 */
export function comparedFigures(report: Report): [Group, Figure[]][] {
  const found = FIGURES.filter((figure) => {
    const texts = report.variants.map((each) => textOf(figure, each, report));
    if (texts.every((text) => text === undefined)) return false;
    return figure.always || new Set(texts).size > 1 ||
      report.variants.length === 1 ||
      figure.id === "efficiency" && texts[0] !== "100 %";
  });
  return (["size", "cost", "defence"] as const).flatMap((group) => {
    const own = found.filter((figure) => figure.group === group);
    return own.length === 0 ? [] : [[group, own]];
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
  return sumIfAll(
    layers.filter(({ shared }) => !shared).map(({ gzipBytes }) => gzipBytes),
  );
}

/** The sum of figures, if all of them were measured. */
export function sumIfAll(
  figures: (number | undefined)[],
): number | undefined {
  return figures.reduce<number | undefined>(
    (sum, figure) =>
      sum === undefined || figure === undefined ? undefined : sum + figure,
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
 * How many checks passed, and of which kinds some failed.
 *
 * @returns As `28/28` or `26/28: stop, egress`; `undefined` when none was made.
 */
export function tallyByKind(checks: Check[] | undefined): string | undefined {
  const all = tally(checks);
  const failed = CHECK_KINDS.filter(({ id }) =>
    checks?.some(({ kind, status }) => kind === id && status === "fail")
  );
  return failed.length === 0
    ? all
    : `${all}: ${failed.map(({ title }) => title).join(", ")}`;
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
export function surfaceAtAGlance(
  surface: Surface,
  secrets: Variant["secrets"] = [],
): string {
  const special = new Set([...surface.setuid, ...surface.setgid]);
  return [
    namesOf(surface.shells, "shell"),
    namesOf(surface.packageManagers, "package manager"),
    plural(special.size, "setuid/setgid", ""),
    plural(surface.worldWritable.length, "world-writable", ""),
    plural(surface.debianPackages.length, "package"),
    plural(secrets.length, "secret"),
  ].filter((part) => part !== "").join(", ") || "none";
}

function namesOf(paths: string[], kind: string): string {
  const names = [...new Set(paths.map((path) => path.split("/").at(-1) ?? ""))];
  return names.length <= 2 ? names.join(", ") : plural(names.length, kind);
}

function plural(count: number, word: string, ending = "s"): string {
  return count === 0 ? "" : `${count} ${word}${count === 1 ? "" : ending}`;
}
