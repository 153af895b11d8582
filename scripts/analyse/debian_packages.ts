/**
 * Reads what dpkg has installed: one file on Debian, one file for each package
 * on distroless.
 *
 * @module
 */
import type { Surface } from "../schema.ts";
import { foundIn } from "./found.ts";
import type { Rootfs } from "./rootfs.ts";

/** A package with its version. */
export type DebianPackage = Surface["debianPackages"][number];

const STATUS = "var/lib/dpkg/status";
const STATUS_FOLDER = "var/lib/dpkg/status.d/";

/** Whether a path is part of dpkg's database. */
export function isDpkgStatus(path: string): boolean {
  return path === STATUS ||
    (path.startsWith(STATUS_FOLDER) && !path.endsWith(".md5sums"));
}

/** The packages installed in a root file system, by name. */
export function debianPackages(rootfs: Rootfs): DebianPackage[] {
  const packages = new Map<string, DebianPackage>();
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
): DebianPackage[] {
  const packages: DebianPackage[] = [];
  for (const stanza of text.split(/\n(?:[ \t]*\r?\n)+/)) {
    const fields = new Map<string, string>();
    for (const line of stanza.split("\n")) {
      const colon = line.indexOf(":");
      if (colon <= 0 || line[0] === " " || line[0] === "\t") continue;
      fields.set(
        line.slice(0, colon).toLowerCase(),
        line.slice(colon + 1).trim(),
      );
    }
    const name = fields.get("package");
    const version = fields.get("version");
    const status = fields.get("status");
    const counts = status === undefined
      ? installed
      : /^\S+ ok installed$/.test(status);
    if (!name || !version || !counts) continue;
    const architecture = fields.get("architecture") ?? "";
    packages.push({ name, version, architecture });
  }
  return packages;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
