/**
 * Package URLs. Only types that the purl specification has registered: there is
 * none for jsr.io yet, so its packages are generic ones of that name.
 *
 * @module
 */
import { PackageURL } from "packageurl-js";
import type { InstalledPackage } from "./package_files.ts";

/** `pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=debian-13`, `pkg:apk/alpine/…` */
export function packagePurl(item: InstalledPackage): string {
  const { type, name, version, architecture: arch, distribution } = item;
  const { id, version: release } = distribution ??
    { id: type === "deb" ? "debian" : "alpine" };
  const distro = distribution && [id, release].filter(Boolean).join("-");
  return purl(type, id, name, version, {
    ...arch && { arch },
    ...distro && { distro },
  });
}

/** `pkg:npm/%40scope/name@1.0.0` */
export function npmPurl(name: string, version: string): string {
  return scoped("npm", name, version);
}

/** `pkg:generic/jsr.io/%40std/path@1.0.0` */
export function jsrPurl(name: string, version: string): string {
  return scoped("generic", `jsr.io/${name}`, version);
}

/** `pkg:github/denoland/deno@v2.6.10` */
export function githubPurl(owner: string, name: string, tag: string): string {
  return purl("github", owner, name, tag);
}

function scoped(type: string, name: string, version: string): string {
  const slash = name.lastIndexOf("/");
  const namespace = slash < 0 ? undefined : name.slice(0, slash);
  return purl(type, namespace, name.slice(slash + 1), version);
}

function purl(
  type: string,
  namespace: string | undefined,
  name: string,
  version: string,
  qualifiers: Record<string, string> = {},
): string {
  // Half a pair of surrogates has no UTF-8, and so no place in a URL.
  const known = Object.entries(qualifiers)
    .map(([key, value]) => [key, value.toWellFormed()]);
  return new PackageURL(
    type,
    namespace?.toWellFormed(),
    name.toWellFormed(),
    version.toWellFormed() || undefined,
    Object.fromEntries(known),
    undefined,
    // The specification has it encoded in every component; the library does not
    // in a version.
  ).toString().replaceAll("+", "%2B");
}
