/**
 * Which files belong to which package, in the image's own database, or in that of
 * another image that files were copied from: an image from scratch has libraries,
 * and no database that says whose.
 *
 * @module
 */
import type { Entry, Image, Rootfs } from "../image/model.ts";
import { resolvePath } from "../image/resolve_path.ts";
import { foundIn, textAt } from "../inspect/found.ts";
import {
  APK_DATABASES,
  type OsRelease,
  osRelease,
  type Package,
  packages,
} from "../inspect/packages.ts";

export interface InstalledPackage extends Package {
  /** As its copyright file or database names them; empty if no machine can read it. */
  licenses: string[];
  distribution?: OsRelease;
  /** Present for a package of which only files are there. */
  traced?: {
    /** Reference of the image whose database lists the files. */
    from: string;
    files: {
      path: string;
      sha256: string;
      /** Where the other image has it. */
      origin: string;
      /** Whether the package's own MD5 of it was found to hold. */
      verified: boolean;
    }[];
  };
}

export function installedPackages(rootfs: Rootfs): InstalledPackage[] {
  const found = osRelease(rootfs);
  return packages(rootfs).map((item) => ({
    ...item,
    licenses: item.license
      ? [item.license]
      : parseCopyright(textAt(rootfs, `usr/share/doc/${item.name}/copyright`)),
    ...found && { distribution: found },
  }));
}

const COPYRIGHT = /^usr\/share\/doc\/[^/]+\/copyright$/;

/**
 * The distinct licences that a copyright file names, sorted, a choice such as
 * `GPL-2+ or MIT` being one; none for prose.
 */
export function parseCopyright(text = ""): string[] {
  if (!/^\s*Format(?:-Specification)?:/i.test(text)) return [];
  const licenses = new Set<string>();
  for (const [, name] of text.matchAll(/^License:[ \t]*(\S.*?)[ \t\r]*$/gim)) {
    // All of them hold: which file has which is more than a list can say.
    const all = /\bor\b/i.test(name) ? [name] : name.split(/,|\band\b/i);
    for (const one of all) licenses.add(one.trim().replace(/\s+/g, " "));
  }
  licenses.delete("");
  return [...licenses].sort();
}

const LIST =
  /^var\/lib\/dpkg\/(?:info\/([^/]+)\.(list|md5sums)|status\.d\/([^/]+)\.md5sums)$/;

export function listsPackages(path: string): boolean {
  return LIST.test(path) || COPYRIGHT.test(path);
}

interface Owner {
  name: string;
  /** `""` where only packages of one architecture are told apart. */
  architecture: string;
  /** As the package lists it, in hex. */
  md5?: string;
}

/**
 * The owners of files, by path in the root file system with no link in it: `/lib`
 * may be a link to `/usr/lib`, and packages list both.
 */
export function packageFiles(rootfs: Rootfs): Map<string, Owner> {
  const owners = new Map<string, Owner>();
  const add = (path: string, owner: Owner) => {
    const resolved = resolvePath(rootfs, path, false);
    if (resolved?.file?.inode.type !== "file") return;
    const known = owners.get(resolved.path);
    if (known && known.name !== owner.name) return; // Diverted: the first stays.
    owners.set(resolved.path, { ...owner, md5: owner.md5 ?? known?.md5 });
  };
  for (const [file, { inode }] of rootfs.files) {
    const { text = "" } = foundIn(inode);
    if (APK_DATABASES.includes(file)) addApkFiles(text, add);
    const [, inInfo, kind, inFolder] = file.match(LIST) ?? [];
    const package_ = inInfo ?? inFolder;
    if (package_ === undefined) continue;
    const [name, architecture = ""] = package_.split(":");
    for (const line of text.split("\n")) {
      const [, md5, path] = kind === "list"
        ? [line, undefined, line]
        : line.match(/^([0-9a-f]{32}) [ *](.+)$/) ?? [];
      if (path) add(path, { name, architecture, md5 });
    }
  }
  return owners;
}

/** In apk's database, `R:` names a file in the folder of the last `F:`. */
function addApkFiles(
  text: string,
  add: (path: string, owner: Owner) => void,
): void {
  const last: Record<string, string> = {};
  for (const line of text.split("\n")) {
    last[line[0]] = line.slice(2);
    const { P: name, A: architecture, F, R } = last;
    if (line[0] === "R") add(`${F}/${R}`, { name, architecture });
  }
}

/** An image that files may have been copied from. */
export interface Origin {
  image: Image;
  rootfs: Rootfs;
}

type Candidate = Owner & { path: string; verified: boolean };

/**
 * Traces files, by path, to the packages of other images: a file counts as copied
 * if its SHA-256 is that of the other image's file. The first image counts.
 */
export function traceFiles(
  files: ReadonlyMap<string, Entry>,
  origins: Origin[],
): { packages: InstalledPackage[]; paths: Set<string> } {
  const packages: InstalledPackage[] = [];
  const paths = new Set<string>();
  for (const { image, rootfs } of origins) {
    const left = [...files].filter(([path]) => !paths.has(path));
    const wanted = new Set(left.map(([, { sha256 }]) => sha256));
    const candidates = candidatesIn(rootfs, wanted);
    const traced = left.flatMap(([path, { sha256 = "" }]) => {
      const all = candidates.get(sha256) ?? [];
      // Of packages with the same file, the one that has it under the same name.
      const best = all.find((one) => one.path === path) ??
        all.find((one) => nameOf(one.path) === nameOf(path)) ?? all[0];
      return best ? [{ path, sha256, best }] : [];
    });
    for (const item of installedPackages(rootfs)) {
      const own = traced.filter(({ best: { name, architecture } }) =>
        name === item.name && ["", item.architecture].includes(architecture)
      ).sort((a, b) => a.path < b.path ? -1 : 1);
      if (own.length === 0) continue;
      const files = own.map(({ path, sha256, best }) => {
        paths.add(path);
        const { path: origin, verified } = best;
        return { path: `/${path}`, sha256, origin: `/${origin}`, verified };
      });
      packages.push({ ...item, traced: { from: image.reference, files } });
    }
  }
  return { packages, paths };
}

/** The files of an image that a package owns, by SHA-256. */
function candidatesIn(
  rootfs: Rootfs,
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
    all.push({ ...owner, path, verified: known });
  }
  return candidates;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
