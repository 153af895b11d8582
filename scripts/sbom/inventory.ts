/**
 * What an image consists of: packages, programs and their parts, and the files
 * that no package of the image owns. An image from scratch has libraries, and no
 * database that says whose: they are traced to the image that they were copied
 * from. Hashes are SHA-256 in hex, paths absolute.
 *
 * @module
 */
import { basename } from "node:path";
import type { NpmContents } from "../deno_binary/program_npm.ts";
import type {
  CompiledProgram,
  ProgramVersions,
} from "../deno_binary/program_sink.ts";
import type { Entry, Image, Probe, Rootfs } from "../image/model.ts";
import { resolvePath } from "../image/resolve_path.ts";
import {
  APK_DATABASES,
  type OsRelease,
  osRelease,
  type Package,
  packages,
  unreadPackages,
} from "../inspect/packages.ts";
import { foundIn, look, textAt, textSink } from "../inspect/probe.ts";
import { UserError } from "../lib/errors.ts";

export interface Inventory {
  image: Image;
  distribution?: OsRelease;
  /** Installed ones, and those that files were traced to. */
  packages: InstalledPackage[];
  /** Databases of packages that are not read. */
  unreadPackages: string[];
  programs: ProgramItem[];
  /** Deno without a program: `deno`, `denort`. */
  runtimes: RuntimeItem[];
  /** Executables and libraries that no package is known for. */
  binaries: {
    path: string;
    sha256: string;
    soname?: string;
    library: boolean;
  }[];
  /** Other regular files that no package is known for; only their number. */
  otherFiles: number;
}

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

/** A program made by `deno compile`. */
export interface ProgramItem {
  path: string;
  sha256: string;
  runtime: RuntimeItem;
  modules: { specifier: string; sha256?: string }[];
  assets: { path: string; sha256?: string }[];
  npm: Omit<NpmContents, "bytes">[];
  /** What the program itself asks for, as `name@version`, if that is known. */
  npmRoots?: string[];
}

export interface RuntimeItem extends ProgramVersions {
  /** The file that it is, or is in. */
  path: string;
  /** Absent where `deno compile` changed it. */
  sha256?: string;
}

/** All texts together; a full Debian desktop has a tenth of it. */
const MAX_TEXTS = 512 * 1024 * 1024;

export function inventoryProbe(maxTexts = MAX_TEXTS): Probe {
  let left = maxTexts;
  return (entry) => {
    const { path, type, size } = entry;
    if (type !== "file" || size === 0 || !listsPackages(path)) {
      return look(entry, { detailed: true });
    }
    left -= size;
    if (left < 0) {
      throw new UserError(
        "Cannot list the packages of the image: the files in which dpkg lists them are too large",
        { next: "Look whether it is an image of Debian packages at all" },
      );
    }
    return textSink(size);
  };
}

/**
 * Lists what an image consists of that was read with the {@linkcode inventoryProbe}.
 * Files may come from packages of the origins; the first that has a file counts.
 */
export function inventory(
  image: Image,
  rootfs: Rootfs,
  origins: { image: Image; rootfs: Rootfs }[] = [],
): Inventory {
  const distribution = osRelease(rootfs);
  const files = unowned(rootfs);
  const traced = traceFiles(files, origins);
  const programs: ProgramItem[] = [];
  const runtimes: RuntimeItem[] = [];
  const binaries: Inventory["binaries"] = [];
  let otherFiles = 0;
  for (const [name, entry] of files) {
    const path = `/${name}`;
    const { elf } = foundIn(entry);
    const { sha256 = "" } = entry;
    if (elf?.program) {
      programs.push(programItem(path, entry, elf.program, rootfs));
    } else if (elf?.runtime) runtimes.push({ path, sha256, ...elf.runtime });
    else if (elf) {
      const { soname } = elf;
      // libc is a library that can be started too; a program has no such name.
      const library = soname !== undefined || /\.so(?:\.|$)/.test(path);
      binaries.push({ path, sha256, library, ...soname && { soname } });
    } else otherFiles++;
  }
  return {
    image,
    ...distribution && { distribution },
    packages: [...installedPackages(rootfs), ...traced],
    unreadPackages: unreadPackages(rootfs),
    programs,
    runtimes,
    binaries,
    otherFiles,
  };
}

/** What package managers keep for themselves. */
const DATABASE = /^(?:var\/lib\/(?:dpkg|apt|rpm)|(?:usr\/)?lib\/apk)\//;

/**
 * Regular files with content that no package owns, in order; a hard link is under
 * one name.
 */
function unowned(rootfs: Rootfs): Map<string, Entry> {
  const owners = packageFiles(rootfs);
  return new Map(
    [...rootfs.files].filter(([path, { bytes }]) =>
      bytes > 0 && !owners.has(path) && !DATABASE.test(path)
    ).sort(([a], [b]) => a < b ? -1 : 1)
      .map(([path, { inode }]) => [path, inode]),
  );
}

function programItem(
  path: string,
  entry: Entry,
  program: CompiledProgram,
  rootfs: Rootfs,
): ProgramItem {
  const { runtimePath, runtimeSha256, deno, v8, ...others } = program;
  const { modules, assets, npm, npmRoots } = others;
  const split = runtimePath !== undefined &&
    resolvePath(rootfs, runtimePath)?.file?.inode;
  // Of a split program, the runtime is another file, which is listed once.
  const runtime = split
    ? { ...foundIn(split).elf?.runtime, sha256: split.sha256 }
    : { deno, v8, sha256: runtimeSha256 };
  const contents = { modules, assets, npm, npmRoots };
  const item = { path: runtimePath ?? path, ...runtime };
  return { path, sha256: entry.sha256 ?? "", runtime: item, ...contents };
}

function installedPackages(rootfs: Rootfs): InstalledPackage[] {
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

function listsPackages(path: string): boolean {
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
function packageFiles(rootfs: Rootfs): Map<string, Owner> {
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

/**
 * Takes out of the files, which are in order, those that packages of other images
 * have, and gives these packages: a file counts as copied if its SHA-256 is that of
 * the other image's file. The first image counts.
 */
function traceFiles(
  files: Map<string, Entry>,
  origins: { image: Image; rootfs: Rootfs }[],
): InstalledPackage[] {
  return origins.flatMap(({ image, rootfs }) => {
    const owned = ownedFiles(rootfs);
    const traced = [...files].flatMap(([path, { sha256 = "" }]) => {
      const all = owned.get(sha256) ?? [];
      // Of packages with the same file, the one that has it under the same name.
      const best = all.find((one) => one.path === path) ??
        all.find((one) => basename(one.path) === basename(path)) ?? all[0];
      return best ? [{ path, best }] : [];
    });
    return installedPackages(rootfs).flatMap((item) => {
      const own = traced.filter(({ best: { name, architecture } }) =>
        name === item.name && ["", item.architecture].includes(architecture)
      );
      if (own.length === 0) return [];
      const found = own.map(({ path, best }) => {
        files.delete(path);
        const { path: origin, sha256, verified } = best;
        return { path: `/${path}`, sha256, origin: `/${origin}`, verified };
      });
      return [{ ...item, traced: { from: image.reference, files: found } }];
    });
  });
}

/** The files that packages have put into an image, by SHA-256. */
function ownedFiles(rootfs: Rootfs) {
  const owned = [...packageFiles(rootfs)].flatMap(([path, owner]) => {
    const inode = rootfs.files.get(path)?.inode;
    const { md5 } = foundIn(inode).elf ?? {};
    const verified = md5 !== undefined && owner.md5 !== undefined;
    // Replaced after the package was installed, so no longer what it shipped.
    const isReplaced = verified && md5 !== owner.md5;
    return inode?.sha256 === undefined || isReplaced
      ? []
      : [{ ...owner, path, sha256: inode.sha256, verified }];
  });
  return Map.groupBy(owned, ({ sha256 }) => sha256);
}
