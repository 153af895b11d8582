/**
 * Which Debian packages came, went or changed their version.
 *
 * @module
 */
import type { ValueChange } from "./diff_schema.ts";
import { debianPackages } from "./debian_packages.ts";
import { diffValues } from "./diff_values.ts";
import type { Rootfs } from "../image/model.ts";

/** Compares the packages of two root file systems by version. */
export function diffPackages(before: Rootfs, after: Rootfs): ValueChange[] {
  const sides = [debianPackages(before), debianPackages(after)];
  // One package may be installed for several architectures.
  const several = new Set(
    sides.flatMap((packages) =>
      packages.map(({ name }) => name).filter((name, i, all) =>
        // The packages are in the order of their names.
        name === all[i - 1]
      )
    ),
  );
  const [old, now] = sides.map((packages) =>
    new Map(packages.map(({ name, version, architecture }) => [
      several.has(name) ? `${name}:${architecture}` : name,
      version,
    ]))
  );
  return diffValues(old, now);
}
