/**
 * The packages that dpkg has installed, with their licences.
 *
 * @module
 */
import type { InstalledPackage } from "./inventory.ts";
import { packageLicenses } from "./copyright.ts";
import { dpkgPackages } from "../inspect/debian_packages.ts";
import { distribution } from "../inspect/os_release.ts";
import type { Rootfs } from "../image/model.ts";

/** The packages installed in a root file system, by name. */
export function installedPackages(rootfs: Rootfs): InstalledPackage[] {
  const found = distribution(rootfs);
  return dpkgPackages(rootfs).map((item) => ({
    ...item,
    licenses: packageLicenses(rootfs, item.name),
    ...found && { distribution: found },
  }));
}
