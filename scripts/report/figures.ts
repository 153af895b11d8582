/**
 * The registry of figures: what each is called, how it is read from a variant and
 * shown, what it means, and whether a budget can limit it or its growth. Tables,
 * charts, the budget and its schema read it. What was not measured is absent.
 * @module
 */
import { formatLimit, formatRatio, printable } from "../lib/format.ts";
import type { Surface } from "../inspect/inspect_schema.ts";
import { systemPackages } from "../inspect/packages.ts";
import { CHECK_KINDS, CHECK_LISTS } from "./check_kinds.ts";
import { bad, type ColumnOf, good, named } from "./document.ts";
import type { Check, Report, Variant } from "./report_schema.ts";
import { textWidth } from "./text_width.ts";

export type Unit = "bytes" | "milliseconds" | "count";

export interface Figure {
  /** Also the name of its rule in a budget. */
  id: string;
  title: string;
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

const inBytes = (value: Figure["value"]) => ({ unit: "bytes", value } as const);
const counted = (value: Figure["value"]) => ({ unit: "count", value } as const);

/** The figures by caption of the table that they are a column of, in reading order. */
const TABLES: Record<string, Figure[]> = {
  "How large, and does it work": [
    {
      id: "size",
      title: "Size",
      ...inBytes((v) => v.sizeBytes),
      always: true,
      method:
        "bytes of the regular files in all layers; a hard link counts once",
      limit: "Largest size.",
      growth: "Growth of the size.",
    },
    { id: "ratio", title: "vs baseline", words: ratio, always: true },
    {
      id: "layers",
      title: "Layers",
      ...counted((v) => v.layers.length),
      limit: "Most layers.",
    },
    { id: "user", title: "User", words: userOf },
    {
      id: "contract",
      title: "Contract",
      words: (v) => tally(v.contract),
      always: true,
    },
  ],
  "What it costs to ship and to run": [
    {
      id: "pull",
      title: "Pull",
      ...inBytes((v) => v.pullBytes?.gzip),
      always: true,
      method:
        "bytes of all layers compressed with gzip, as a registry would send them",
      limit: "Largest gzip pull.",
      growth: "Growth of the gzip pull.",
    },
    { id: "zstd", title: "Pull zstd", ...inBytes((v) => v.pullBytes?.zstd) },
    {
      id: "nextDeploy",
      title: "Next deploy",
      ...inBytes((v) => v.nextDeployBytes),
      always: true,
      method:
        "compressed bytes of the layers that are new after one line of the service was changed and the image built again",
      limit: "Largest next deploy, gzip.",
      growth: "Growth of the next deploy.",
    },
    {
      id: "further",
      title: "Further service",
      ...inBytes(furtherService),
      method:
        "compressed bytes that a node with this image pulls for another service that the same Deno has compiled: the layers that are not shared",
    },
    {
      id: "start",
      title: "Start",
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
      unit: "milliseconds",
      value: (v) => v.processStartMs?.median,
      method:
        "the part of the start that is the program's own: from when the engine saw it run to the same 200; what is left is the engine",
    },
    {
      id: "memory",
      title: "Memory",
      ...inBytes((v) => v.memoryBytes?.idle),
      always: true,
      method:
        "resident set of the service's process: idle after the start, and after a burst of requests",
      limit: "Largest resident set, idle after start.",
      growth: "Growth of the idle resident set.",
    },
    {
      id: "floor",
      title: "Memory floor",
      ...inBytes((v) => v.memoryFloorBytes),
      method:
        "the lowest memory limit, found by halving, under which the image serves a burst at half its free speed or better and stops cleanly",
    },
  ],
  "What is lost, and what an intruder finds": [
    {
      id: "efficiency",
      title: "Efficiency",
      value: (v) => v.efficiency,
      words: efficiency,
      method:
        "bytes that are left when the layers are laid over each other, divided by the size; what is missing is waste",
    },
    {
      id: "hardening",
      title: "Checks",
      words: (v) => tallyByKind(v.hardening),
      always: true,
    },
    {
      id: "reproducible",
      title: "Reproducible",
      words: (v) => tally(v.reproducible),
      always: true,
    },
    {
      id: "surface",
      title: "Surface",
      words: (v) => surfaceAtAGlance(v.surface, v.secrets),
    },
  ],
};

/** Figures without a column, which a budget can limit. */
const LIMITED: Figure[] = [
  {
    id: "layer",
    title: "Largest layer",
    ...inBytes((v) => Math.max(0, ...v.layers.map((layer) => layer.sizeBytes))),
    limit: "Largest size of any single layer.",
  },
  {
    id: "waste",
    title: "Waste",
    ...inBytes((v) => v.wasteBytes),
    limit: "Most waste.",
  },
  {
    id: "files",
    title: "Files",
    ...counted((v) => v.rootfs.files),
    limit: "Most regular files in the rootfs.",
  },
  {
    id: "packages",
    title: "System packages",
    ...counted((v) => systemPackages(v.surface).length),
    limit: "Most packages of Debian and Alpine.",
  },
];

export const FIGURES: readonly Figure[] = [
  ...Object.values(TABLES).flat(),
  ...LIMITED,
];

/**
 * The number of a figure; `undefined` when it was not measured.
 *
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
    : formatLimit(found, unit);
}

/** Its column; a cell is `undefined` where it was not measured. */
export function columnOf(figure: Figure, report: Report): ColumnOf<Variant> {
  const { id, title, value } = figure;
  const { baseline } = report;
  // Names that would make the column wide are left out.
  const isShort = textWidth(printable(baseline)) <= 16;
  const list = CHECK_LISTS.find((list) => list === id);
  return [
    id === "ratio" && isShort ? ["vs ", named(baseline)] : title,
    (variant) => {
      const text = textOf(figure, variant, report);
      if (text === undefined) return undefined;
      if (id === "user") return named(text);
      // Its words are names of files.
      if (id === "surface" && text !== "none") return [named(text)];
      if (list === undefined) return text;
      const failed = variant[list]?.some(({ status }) => status === "fail");
      return failed ? bad([text]) : good([text]);
    },
    value && "right",
  ];
}

/**
 * The figures worth a column: measured for one variant at least, and either of
 * interest by themselves, or telling variants apart, or a warning. By table.
 */
export function comparedFigures(report: Report) {
  const isCompared = (figure: Figure) => {
    const texts = report.variants.map((each) => textOf(figure, each, report));
    if (texts.every((text) => text === undefined)) return false;
    return figure.always || new Set(texts).size > 1 || texts.length === 1 ||
      figure.id === "efficiency" && texts[0] !== "100 %";
  };
  return Object.entries(TABLES).map(([caption, figures]) => ({
    caption,
    figures: figures.filter(isCompared),
  })).filter(({ figures }) => figures.length > 0);
}

/** The variant with the smallest size; the first of equals. */
export function smallestOf(variants: Variant[]): Variant | undefined {
  return variants.toSorted((a, b) => a.sizeBytes - b.sizeBytes).at(0);
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
 * the layers that are not shared, with gzip. `undefined` when none is known to be
 * shared, or one was not compressed.
 */
export function furtherService({ layers }: Variant): number | undefined {
  if (!layers.some(({ shared }) => shared)) return undefined;
  return sumIfAll(
    layers.filter(({ shared }) => !shared).map(({ gzipBytes }) => gzipBytes),
  );
}

/** The sum of figures, if all of them were measured. */
export function sumIfAll(figures: (number | undefined)[]): number | undefined {
  return figures.every((figure) => figure !== undefined)
    ? figures.reduce((sum, figure) => sum + figure, 0)
    : undefined;
}

/** The user as the image states it, and whether that is root by another name. */
export function userOf({ config, surface }: Variant): string {
  const user = config.user === "" ? "root" : config.user;
  return surface.runsAsRoot && !/^root(:|$)/.test(user)
    ? `${user} (root)`
    : user;
}

/** How many checks passed of those made, as `9/9`; `undefined`: none was made. */
export function tally(checks: Check[] = []): string | undefined {
  const made = checks.filter(({ status }) => status !== "skip");
  const passed = made.filter(({ status }) => status === "pass");
  return made.length === 0 ? undefined : `${passed.length}/${made.length}`;
}

/** The same with the kinds of which some failed: `26/28: stop, egress`. */
export function tallyByKind(checks: Check[] = []): string | undefined {
  const all = tally(checks);
  const failed = CHECK_KINDS.filter(({ id }) =>
    checks.some(({ kind, status }) => kind === id && status === "fail")
  );
  return failed.length === 0
    ? all
    : `${all}: ${failed.map(({ title }) => title).join(", ")}`;
}

/** rootfs / size as a percentage, rounded down: with any waste it is not 100 %. */
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
    plural(systemPackages(surface).length, "package"),
    plural(secrets.length, "secret"),
  ].filter((part) => part !== "").join(", ") || "none";
}

function namesOf(paths: string[], kind: string): string {
  const names = [...new Set(paths.map((path) => path.split("/").at(-1) ?? ""))];
  return names.length <= 2 ? names.join(", ") : plural(names.length, kind);
}

/** As `2 checks`; nothing of none. */
export function plural(count: number, word: string, ending = "s"): string {
  return count === 0 ? "" : `${count} ${word}${count === 1 ? "" : ending}`;
}
