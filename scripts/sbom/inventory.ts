/**
 * What an image consists of: packages, programs and their parts, and the files
 * that no package of the image owns. Hashes are SHA-256 in hex, paths absolute.
 *
 * @module
 */
import type { NpmContents } from "../deno_binary/program_npm.ts";
import type { CompiledProgram } from "../deno_binary/program_sink.ts";
import type { Entry, Image, Probe, Rootfs } from "../image/model.ts";
import { resolvePath } from "../image/resolve_path.ts";
import { foundIn } from "../inspect/found.ts";
import {
  type OsRelease,
  osRelease,
  unreadPackages,
} from "../inspect/packages.ts";
import { look, textSink } from "../inspect/probe.ts";
import { UserError } from "../lib/errors.ts";
import {
  type InstalledPackage,
  installedPackages,
  listsPackages,
  type Origin,
  packageFiles,
  traceFiles,
} from "./package_files.ts";

export interface Inventory {
  image: {
    reference: string;
    /** `sha256:<hex>` of its config. */
    id: string;
    architecture: string;
    os: string;
    /** `sha256:<hex>` of each layer's tar, lowest first. */
    diffIds: string[];
    labels: Record<string, string>;
  };
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

export interface RuntimeItem {
  /** The file that it is, or is in. */
  path: string;
  deno?: string;
  v8?: string;
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
  origins: Origin[] = [],
): Inventory {
  const { reference, id, architecture, os, config, layers } = image;
  const found = osRelease(rootfs);
  const files = unowned(rootfs);
  const traced = traceFiles(files, origins);
  const rest = [...files].filter(([path]) => !traced.paths.has(path));
  const programs: ProgramItem[] = [];
  const runtimes: RuntimeItem[] = [];
  const binaries: Inventory["binaries"] = [];
  let otherFiles = 0;
  for (const [name, entry] of rest) {
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
    image: {
      reference,
      id,
      architecture,
      os,
      diffIds: layers.map(({ diffId }) => diffId),
      labels: config.labels,
    },
    ...found && { distribution: found },
    packages: [...installedPackages(rootfs), ...traced.packages],
    unreadPackages: unreadPackages(rootfs),
    programs: programs.sort(byPath),
    runtimes: runtimes.sort(byPath),
    binaries: binaries.sort(byPath),
    otherFiles,
  };
}

/** What package managers keep for themselves. */
const DATABASE = /^(?:var\/lib\/(?:dpkg|apt|rpm)|(?:usr\/)?lib\/apk)\//;

/** Regular files with content that no package owns; a hard link is under one name. */
function unowned(rootfs: Rootfs): Map<string, Entry> {
  const owners = packageFiles(rootfs);
  return new Map(
    [...rootfs.files].filter(([path, { bytes }]) =>
      bytes > 0 && !owners.has(path) && !DATABASE.test(path)
    ).map(([path, { inode }]) => [path, inode]),
  );
}

function programItem(
  path: string,
  entry: Entry,
  program: CompiledProgram,
  rootfs: Rootfs,
): ProgramItem {
  const { runtimePath, runtimeSha256, deno, v8, ...contents } = program;
  const { modules, assets, npm, npmRoots } = contents;
  const split = runtimePath !== undefined &&
    resolvePath(rootfs, runtimePath)?.file?.inode;
  // Of a split program, the runtime is another file, which is listed once.
  const versions = split ? foundIn(split).elf?.runtime : { deno, v8 };
  const sha256 = split ? split.sha256 : runtimeSha256;
  return {
    path,
    sha256: entry.sha256 ?? "",
    runtime: {
      path: runtimePath ?? path,
      ...versions?.deno && { deno: versions.deno },
      ...versions?.v8 && { v8: versions.v8 },
      ...sha256 && { sha256 },
    },
    modules,
    assets,
    npm,
    ...npmRoots && { npmRoots },
  };
}

function byPath(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
