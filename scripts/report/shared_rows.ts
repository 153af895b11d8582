/**
 * What several writers list alike: what an intruder could use, one row a
 * question, what is in a program, and the words for layers and waste.
 *
 * @module
 */
import type { Program } from "../deno_binary/program_schema.ts";
import type { Secret } from "../inspect/inspect_schema.ts";
import { egressOf } from "../inspect/permissions.ts";
import { formatBytes } from "../lib/format.ts";
import { userOf } from "./figures.ts";
import type { Layer, Report, Variant } from "./report_schema.ts";

/** An answer; `named` when it repeats words of the image. */
interface SurfaceCell {
  text: string;
  named: boolean;
  /** Whether it is what one wants. */
  good?: boolean;
}

/** A question, with an answer for each variant. */
export interface SurfaceRow {
  title: string;
  cells: SurfaceCell[];
}

/** Names listed in one cell. */
const LISTED = 5;

/** The surface of variants, side by side. */
export function surfaceRows(variants: Variant[]): SurfaceRow[] {
  const row = (
    title: string,
    cell: (variant: Variant) => SurfaceCell,
  ): SurfaceRow => ({ title, cells: variants.map(cell) });
  const rows = [
    row("User", (variant) => ({
      text: userOf(variant),
      named: true,
      good: !variant.surface.runsAsRoot,
    })),
    row("Shells", ({ surface }) => names(surface.shells)),
    row("Package managers", ({ surface }) => names(surface.packageManagers)),
    row("setuid files", ({ surface }) => names(surface.setuid)),
    row("setgid files", ({ surface }) => names(surface.setgid)),
    row("File capabilities", ({ surface }) => listed(surface.capabilities)),
    row("World-writable paths", ({ surface }) => names(surface.worldWritable)),
    row(
      "Egress",
      ({ permissions }) =>
        permissions === undefined
          ? maybe(undefined)
          : names(egressOf(permissions)),
    ),
    row("Debian packages", ({ surface }) => ({
      text: String(surface.debianPackages.length),
      named: false,
    })),
    row(
      "Alpine packages",
      ({ surface }) => maybe(surface.alpinePackages?.length.toString()),
    ),
    row("Packages not read", ({ surface }) => listed(surface.unreadPackages)),
    row("Secrets and state", ({ secrets }) => listed(secrets?.map(secretText))),
    row("CA certificates", ({ surface }) => yes(surface.certificates)),
    row("Time zones", ({ surface }) => yes(surface.timeZones)),
    row("Loader", ({ surface }) => maybe(surface.interpreter)),
    row("Libraries", ({ surface }) => maybe(surface.libraries?.join(", "))),
    row(
      "Missing libraries",
      ({ surface }) =>
        surface.missing === undefined
          ? maybe(undefined)
          : names(surface.missing),
    ),
    row("Missing programs", ({ surface }) => listed(surface.missingPrograms)),
    row("Cannot start", ({ surface }) => listed(surface.broken)),
    row("Of another architecture", ({ surface }) => listed(surface.foreign)),
  ];
  return rows.filter(({ cells }) => cells.some(({ text }) => text !== "–"));
}

function names(paths: string[]): SurfaceCell {
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

/** A program, and the variants that ship it. */
interface ShippedProgram {
  program: Program;
  variants: string[];
}

/** The programs of a report that differ by more than their path. */
export function programs({ variants }: Report): ShippedProgram[] {
  const found = new Map<string, ShippedProgram>();
  for (const { name, program } of variants) {
    if (program === undefined) continue;
    const key = JSON.stringify({ ...program, path: "" });
    const known = found.get(key);
    if (known !== undefined) known.variants.push(name);
    else found.set(key, { program, variants: [name] });
  }
  return [...found.values()];
}

/** A part of the application in a program. */
interface ProgramPart {
  name: string;
  bytes: number;
}

/** Packages, modules and embedded files of a program, largest first. */
export function programParts(program: Program): ProgramPart[] {
  return [
    ...program.npm.map(({ name, version, bytes }) => ({
      name: `npm:${name}@${version}`,
      bytes,
    })),
    ...program.modules.map(({ specifier, bytes }) => ({
      name: specifier,
      bytes,
    })),
    ...(program.assets ?? []).map(({ path, bytes }) => ({ name: path, bytes })),
  ].sort((a, b) => b.bytes - a.bytes);
}

const PARTS = {
  own: "own modules",
  remote: "remote modules",
  npm: "npm packages",
  assets: "embedded files",
  metadata: "metadata",
};

/** What the application in a program is made of: most of it may be packages. */
export function applicationText({ parts }: Program): string {
  if (!parts) return "your code";
  const known = Object.entries(PARTS) as [keyof typeof PARTS, string][];
  return `application: ${
    known.filter(([part]) => parts[part] > 0)
      .map(([part, name]) => `${formatBytes(parts[part])} ${name}`).join(", ")
  }`;
}

/** What happened to bytes that are wasted. */
export const HAPPENED = {
  overwritten: "overwritten",
  deleted: "deleted",
  metadata: "copied again for its mode, owner or time",
};

/** What the next deploy does with a layer; a dash where nobody has looked. */
export function nextDeployText({ pulledAgain, shared }: Layer): string {
  if (pulledAgain === undefined) return "–";
  return pulledAgain ? "again" : shared ? "kept, shared" : "kept";
}

/** Bytes; a dash where they were not measured. */
export function bytesText(bytes: number | undefined): string {
  return bytes === undefined ? "–" : formatBytes(bytes);
}
