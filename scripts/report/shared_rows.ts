/**
 * What several writers list alike: what an intruder could use, one row a
 * question, what is in a program, and the words for layers and waste.
 *
 * @module
 */
import type { Program } from "../deno_binary/program_schema.ts";
import type { Secret } from "../inspect/inspect_schema.ts";
import { egressOf } from "../inspect/permissions.ts";
import { formatBytes, formatShare } from "../lib/format.ts";
import { userOf } from "./figures.ts";
import type { Layer, Report, Variant } from "./report_schema.ts";
import type { Column } from "./table.ts";

interface SurfaceCell {
  text: string;
  /** Whether it repeats words of the image. */
  named: boolean;
  /** Whether it is what one wants. */
  good?: boolean;
}

export interface SurfaceRow {
  title: string;
  cells: SurfaceCell[];
}

/** What an intruder could use, by the question that it answers. */
const QUESTIONS: Record<string, (variant: Variant) => SurfaceCell> = {
  "User": (variant) => ({
    text: userOf(variant),
    named: true,
    good: !variant.surface.runsAsRoot,
  }),
  "Shells": ({ surface }) => names(surface.shells),
  "Package managers": ({ surface }) => names(surface.packageManagers),
  "setuid files": ({ surface }) => names(surface.setuid),
  "setgid files": ({ surface }) => names(surface.setgid),
  "File capabilities": ({ surface }) => listed(surface.capabilities),
  "World-writable paths": ({ surface }) => names(surface.worldWritable),
  "Egress": ({ permissions }) => names(permissions && egressOf(permissions)),
  "Debian packages": ({ surface }) => ({
    text: String(surface.debianPackages.length),
    named: false,
  }),
  "Alpine packages": ({ surface }) =>
    maybe(surface.alpinePackages?.length.toString()),
  "Packages not read": ({ surface }) => listed(surface.unreadPackages),
  "Secrets and state": ({ secrets }) => listed(secrets?.map(secretText)),
  "CA certificates": ({ surface }) => yes(surface.certificates),
  "Time zones": ({ surface }) => yes(surface.timeZones),
  "Loader": ({ surface }) => maybe(surface.interpreter),
  "Libraries": ({ surface }) => maybe(surface.libraries?.join(", ")),
  "Missing libraries": ({ surface }) => names(surface.missing),
  "Missing programs": ({ surface }) => listed(surface.missingPrograms),
  "Cannot start": ({ surface }) => listed(surface.broken),
  "Of another architecture": ({ surface }) => listed(surface.foreign),
};

/** The surface of variants, side by side; without rows that say nothing. */
export function surfaceRows(variants: Variant[]): SurfaceRow[] {
  return Object.entries(QUESTIONS)
    .map(([title, answer]) => ({ title, cells: variants.map(answer) }))
    .filter(({ cells }) => cells.some(({ text }) => text !== "–"));
}

/** Names listed in one cell. */
const LISTED = 5;

function names(paths: string[] | undefined): SurfaceCell {
  if (paths === undefined) return maybe(undefined);
  if (paths.length === 0) return { text: "none", named: false, good: true };
  const more = paths.length - LISTED;
  const shown = paths.slice(0, LISTED).join(", ");
  return {
    text: more > 0 ? `${shown} and ${more} more` : shown,
    named: true,
    good: false,
  };
}

/** What is worth a row only where there is some. */
function listed(items: string[] | undefined): SurfaceCell {
  return items?.length ? names(items) : maybe(undefined);
}

/** What to do about secrets, where there are any. */
export function secretsNext(variants: Variant[]): string {
  return variants.some(({ secrets = [] }) => secrets.length > 0)
    ? "Keep secrets out of the image (.dockerignore, no COPY, no ENV, no ARG; RUN --mount=type=secret where a build needs one), give them when the container starts, and replace those of an image that was pushed"
    : "";
}

/** A secret, with the layer that brought it. */
export function secretText(
  { path, kind, layer, deletedBy, replaced, program }: Secret,
): string {
  if (layer === undefined) return `${path} (${kind}, in the image's config)`;
  const where = program === undefined ? path : `${path} in ${program}`;
  const gone = deletedBy === undefined
    ? ""
    : `, ${replaced ? "replaced" : "deleted"} by layer ${
      deletedBy + 1
    } and still there`;
  return `${where} (${kind}, layer ${layer + 1}${gone})`;
}

function yes(there: boolean): SurfaceCell {
  return { text: there ? "yes" : "no", named: false };
}

function maybe(text: string | undefined): SurfaceCell {
  return text === undefined || text === ""
    ? { text: "–", named: false }
    : { text, named: true };
}

/** The programs of a report that differ by more than their path, and where. */
export function programs(
  { variants }: Report,
): { program: Program; variants: string[] }[] {
  const found = variants.flatMap(({ name, program }) =>
    program ? [{ name, program }] : []
  );
  const same = Map.groupBy(
    found,
    ({ program }) => JSON.stringify({ ...program, path: "" }),
  );
  return [...same.values()].map((all) => ({
    program: all[0].program,
    variants: all.map(({ name }) => name),
  }));
}

/** Packages, modules and embedded files of a program, largest first. */
export function programParts(
  { npm, modules, assets = [] }: Program,
): { name: string; bytes: number }[] {
  return [
    ...npm.map(({ name, version, bytes }) => ({
      name: `npm:${name}@${version}`,
      bytes,
    })),
    ...modules.map(({ specifier, bytes }) => ({ name: specifier, bytes })),
    ...assets.map(({ path, bytes }) => ({ name: path, bytes })),
  ].sort((a, b) => b.bytes - a.bytes);
}

/** Packages apart from the service's own code, where there are some. */
export function applicationParts(
  { parts, applicationBytes }: Program,
): { name: string; bytes: number }[] {
  const packages = parts === undefined ? 0 : parts.npm + parts.remote;
  const own = { name: "your code", bytes: applicationBytes - packages };
  return packages === 0 ? [own] : [{ name: "packages", bytes: packages }, own];
}

/** What the application in a program is made of: most of it may be packages. */
export function applicationText({ parts }: Program): string {
  if (!parts) return "your code";
  const { own, remote, npm, assets, metadata } = parts;
  const known = Object.entries({
    "own modules": own,
    "remote modules": remote,
    "npm packages": npm,
    "embedded files": assets,
    metadata,
  }).filter(([, bytes]) => bytes > 0);
  return `application: ${
    known.map(([name, bytes]) => `${formatBytes(bytes)} ${name}`).join(", ")
  }`;
}

/** What happened to bytes that are wasted. */
export const HAPPENED = {
  overwritten: "overwritten",
  deleted: "deleted",
  metadata: "copied again for its mode, owner or time",
};

/** What a layer brings and costs; a dash where nobody has looked. */
export function layerColumns({ sizeBytes }: Variant): Column<Layer>[] {
  return [
    ["Size", (layer) => formatBytes(layer.sizeBytes), "right"],
    ["Share", (layer) => formatShare(layer.sizeBytes, sizeBytes), "right"],
    ["Pull", ({ gzipBytes }) => bytesText(gzipBytes), "right"],
    ["Next deploy", ({ pulledAgain, shared }) => {
      if (pulledAgain === undefined) return "–";
      return pulledAgain ? "again" : shared ? "kept, shared" : "kept";
    }],
  ];
}

/** The columns that are not dashes throughout. */
export function measured<T>(items: T[], columns: Column<T>[]): Column<T>[] {
  return columns.filter(([, cell]) =>
    items.some((item, index) => cell(item, index) !== "–")
  );
}

/** Bytes; a dash where they were not measured. */
export function bytesText(bytes: number | undefined): string {
  return bytes === undefined ? "–" : formatBytes(bytes);
}
