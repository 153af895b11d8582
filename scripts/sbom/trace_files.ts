/**
 * Traces files that were copied from another image to the packages that own them
 * there: an image from scratch has libraries, and no database that says whose.
 * A file counts as copied only if its SHA-256 is that of the other image's file.
 *
 * @module
 */
import type { InstalledPackage, TracedFile } from "./inventory.ts";
import type { Entry, Image } from "../image/model.ts";
import { foundIn } from "../inspect/found.ts";
import { installedPackages } from "./installed_packages.ts";
import { type Owner, packageFiles } from "./package_files.ts";
import type { Rootfs } from "../image/model.ts";

/** An image that files may have been copied from. */
export interface Origin {
  image: Image;
  rootfs: Rootfs;
}

/** What {@linkcode traceFiles} found. */
export interface Traced {
  /** The packages, with the files that were traced to them. */
  packages: InstalledPackage[];
  /** The paths of those files. */
  paths: Set<string>;
}

/** A file of another image. */
interface Candidate {
  path: string;
  owner: Owner;
  verified: boolean;
}

/**
 * Traces files.
 *
 * @param files By path, without a slash in front.
 * @param origins The other images; the first that has a file counts.
 */
export function traceFiles(
  files: ReadonlyMap<string, Entry>,
  origins: Origin[],
): Traced {
  const packages: InstalledPackage[] = [];
  const paths = new Set<string>();
  for (const origin of origins) {
    const left = [...files].filter(([path]) => !paths.has(path));
    const candidates = candidatesIn(
      origin,
      new Set(left.map(([, { sha256 }]) => sha256)),
    );
    const traced = new Map<string, TracedFile[]>();
    for (const [path, { sha256 = "" }] of left) {
      const all = candidates.get(sha256) ?? [];
      // Of packages with the same file, the one that has it under the same name.
      const best = all.find((one) => one.path === path) ??
        all.find((one) => nameOf(one.path) === nameOf(path)) ?? all[0];
      if (!best) continue;
      const { name, architecture } = best.owner;
      const key = `${name}:${architecture}`;
      const list = traced.get(key) ?? [];
      traced.set(key, list);
      list.push({
        path: `/${path}`,
        sha256,
        origin: `/${best.path}`,
        verified: best.verified,
      });
    }
    for (const item of installedPackages(origin.rootfs)) {
      const list = [item.architecture, ""].flatMap((architecture) =>
        traced.get(`${item.name}:${architecture}`) ?? []
      );
      if (list.length === 0) continue;
      list.forEach(({ path }) => paths.add(path.slice(1)));
      list.sort((a, b) => a.path < b.path ? -1 : 1);
      packages.push({
        ...item,
        traced: { from: origin.image.reference, files: list },
      });
    }
  }
  return { packages, paths };
}

/** The files of an image that a package owns, by SHA-256. */
function candidatesIn(
  { rootfs }: Origin,
  wanted: Set<string | undefined>,
): Map<string, Candidate[]> {
  const candidates = new Map<string, Candidate[]>();
  for (const [path, owner] of packageFiles(rootfs)) {
    const inode = rootfs.files.get(path)?.inode;
    const sha256 = inode?.sha256;
    if (sha256 === undefined || !wanted.has(sha256)) continue;
    const { md5 } = foundIn(inode).elf ?? {};
    const known = md5 !== undefined && owner.md5 !== undefined;
    // Replaced after the package was installed, so no longer what it shipped.
    if (known && md5 !== owner.md5) continue;
    const all = candidates.get(sha256) ?? [];
    candidates.set(sha256, all);
    all.push({ path, owner, verified: known });
  }
  return candidates;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
