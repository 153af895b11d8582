/**
 * The distribution of an image, and what its package manager has installed: dpkg
 * has one database on Debian, one file for each package on distroless.
 *
 * @module
 */
import type { Rootfs } from "../image/model.ts";
import { resolvePath } from "../image/resolve_path.ts";
import type { Surface } from "./inspect_schema.ts";
import { foundIn } from "./found.ts";

/** What etc/os-release says. */
export interface OsRelease {
  /** As `debian`. */
  id: string;
  /** As `13`. */
  version?: string;
  /** As `Debian GNU/Linux 13 (trixie)`. */
  name?: string;
}

/** The first one that is there counts; often it is a link to the second. */
const PATHS = ["etc/os-release", "usr/lib/os-release"];

/** The distribution of a root file system. */
export function osRelease(rootfs: Rootfs): OsRelease | undefined {
  for (const path of PATHS) {
    const { text } = foundIn(resolvePath(rootfs, path)?.file?.inode);
    if (text !== undefined) return parseOsRelease(text);
  }
  return undefined;
}

/** Parses lines of `NAME=value`, where the value may be quoted as in a shell. */
export function parseOsRelease(text: string): OsRelease | undefined {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name, value] = line.match(/^\s*([A-Z0-9_]+)=(.*?)\s*$/) ?? [];
    if (name === undefined) continue;
    const [, quote, inner] = value.match(/^(["'])(.*)\1$/) ?? [];
    values.set(
      name,
      quote === '"' ? inner.replace(/\\([$"\\`])/g, "$1") : inner ?? value,
    );
  }
  const id = values.get("ID");
  const version = values.get("VERSION_ID");
  const name = values.get("PRETTY_NAME");
  return id
    ? { id, ...version && { version }, ...name && { name } }
    : undefined;
}

/** A package with its version. */
export type DebianPackage = Surface["debianPackages"][number];

const STATUS = "var/lib/dpkg/status";
const STATUS_FOLDER = "var/lib/dpkg/status.d/";

/** Whether a path is part of dpkg's database. */
export function isDpkgStatus(path: string): boolean {
  return path === STATUS ||
    (path.startsWith(STATUS_FOLDER) && !path.endsWith(".md5sums"));
}

/** What dpkg knows of an installed package. */
export interface DpkgPackage extends DebianPackage {
  source: { name: string; version: string };
  maintainer?: string;
  /** Names of packages, each with its alternatives. */
  depends: string[][];
}

/** The packages installed in a root file system, by name. */
export function debianPackages(rootfs: Rootfs): DebianPackage[] {
  return dpkgPackages(rootfs).map(({ name, version, architecture }) => ({
    name,
    version,
    architecture,
  }));
}

/** The packages installed in a root file system, with all that is read of them. */
export function dpkgPackages(rootfs: Rootfs): DpkgPackage[] {
  const packages = new Map<string, DpkgPackage>();
  for (const [path, { inode }] of rootfs.files) {
    if (!isDpkgStatus(path)) continue;
    const { text } = foundIn(inode);
    if (text === undefined) continue;
    for (const found of parseDpkgStatus(text, path !== STATUS)) {
      packages.set(`${found.name} ${found.architecture}`, found);
    }
  }
  return [...packages.values()].sort((a, b) =>
    compare(a.name, b.name) || compare(a.architecture, b.architecture)
  );
}

/**
 * Parses dpkg's database.
 *
 * @param text Stanzas of `Field: value` with blank lines between them.
 * @param installed Whether a stanza without a status counts as installed, as
 * in distroless' `status.d`.
 */
export function parseDpkgStatus(
  text: string,
  installed = false,
): DpkgPackage[] {
  const packages: DpkgPackage[] = [];
  for (const stanza of text.split(/\n(?:[ \t]*\r?\n)+/)) {
    const fields = new Map<string, string>();
    let last = "";
    for (const line of stanza.split("\n")) {
      if (line[0] === " " || line[0] === "\t") {
        // Only lists of packages are put together again.
        if (FOLDED.has(last)) fields.set(last, `${fields.get(last)}${line}`);
        continue;
      }
      const colon = line.indexOf(":");
      if (colon <= 0) continue;
      last = line.slice(0, colon).toLowerCase();
      fields.set(last, line.slice(colon + 1).trim());
    }
    const name = fields.get("package");
    const version = fields.get("version");
    const status = fields.get("status");
    const counts = status === undefined
      ? installed
      : /^\S+ ok installed$/.test(status);
    if (!name || !version || !counts) continue;
    const architecture = fields.get("architecture") ?? "";
    const maintainer = fields.get("maintainer");
    packages.push({
      name,
      version,
      architecture,
      source: sourceOf(fields.get("source"), name, version),
      ...maintainer && { maintainer },
      depends: ["pre-depends", "depends"].flatMap((field) =>
        alternatives(fields.get(field) ?? "")
      ),
    });
  }
  return packages;
}

/** Fields that may go on in further lines. */
const FOLDED = new Set(["pre-depends", "depends"]);

/** `gcc-14 (14.2.0-19)`; what is left out is as for the package itself. */
function sourceOf(
  field: string | undefined,
  name: string,
  version: string,
): DpkgPackage["source"] {
  const [, source, own] = field?.match(/^(\S+)(?:\s+\(([^()]+)\))?$/) ?? [];
  return { name: source ?? name, version: own ?? version };
}

/** `a (>= 1) | b, c:any` as `[["a", "b"], ["c"]]`. */
function alternatives(field: string): string[][] {
  return field.split(",").map((one) =>
    one.split("|").map((name) => name.trim().replace(/[\s(:[].*$/s, ""))
      .filter((name) => name !== "")
  ).filter((names) => names.length > 0);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
