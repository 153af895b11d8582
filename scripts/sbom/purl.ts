/**
 * Package URLs. Only types that the purl specification has registered: there is
 * none for jsr.io yet, so its packages are generic ones of that name.
 *
 * @module
 */
import { PackageURL } from "packageurl-js";
import type { InstalledPackage } from "./package_files.ts";

/** `pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=debian-13` */
export function debPurl(item: InstalledPackage): string {
  const { name, version, architecture, distribution } = item;
  const distro = distribution &&
    [distribution.id, distribution.version].filter(Boolean).join("-");
  return purl("deb", distribution?.id ?? "debian", name, version, {
    ...architecture && { arch: architecture },
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
  return purl(
    type,
    slash < 0 ? undefined : name.slice(0, slash),
    name.slice(slash + 1),
    version,
  );
}

function purl(
  type: string,
  namespace: string | undefined,
  name: string,
  version: string,
  qualifiers?: Record<string, string>,
): string {
  // Half a pair of surrogates has no UTF-8, and so no place in a URL.
  return new PackageURL(
    type,
    namespace?.toWellFormed(),
    name.toWellFormed(),
    version.toWellFormed() || undefined,
    qualifiers && Object.fromEntries(
      Object.entries(qualifiers).map((
        [key, value],
      ) => [key, value.toWellFormed()]),
    ),
    undefined,
  ).toString();
}
