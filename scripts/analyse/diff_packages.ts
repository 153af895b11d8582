/**
 * Which Debian packages came, went or changed their version.
 *
 * @module
 */
import type { ValueChange } from "../schema.ts";
import { debianPackages } from "./debian_packages.ts";
import { diffValues } from "./diff_values.ts";
import type { Rootfs } from "./rootfs.ts";

/** Compares the packages of two root file systems by version. */
export function diffPackages(before: Rootfs, after: Rootfs): ValueChange[] {
  return diffValues(versionsOf(before), versionsOf(after));
}

/** Versions by name; one package may be there for several architectures. */
function versionsOf(rootfs: Rootfs): Map<string, string> {
  const packages = debianPackages(rootfs);
  const names = new Map<string, number>();
  for (const { name } of packages) {
    names.set(name, (names.get(name) ?? 0) + 1);
  }
  return new Map(packages.map(({ name, version, architecture }) => [
    (names.get(name) ?? 0) > 1 ? `${name}:${architecture}` : name,
    version,
  ]));
}
