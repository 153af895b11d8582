/**
 * What an image consists of: packages, programs and their parts, and the files
 * that no package of the image owns.
 *
 * @module
 */
import type {
  BinaryItem,
  Inventory,
  ProgramItem,
  RuntimeItem,
} from "./inventory.ts";
import type { Entry, Image } from "../image/model.ts";
import type { CompiledProgram } from "../deno_binary/elf.ts";
import { foundIn } from "../inspect/found.ts";
import { installedPackages } from "./installed_packages.ts";
import { distribution } from "../inspect/os_release.ts";
import { packageFiles } from "./package_files.ts";
import type { Rootfs } from "../image/model.ts";
import { type Origin, traceFiles } from "./trace_files.ts";

/**
 * Lists what an image consists of.
 *
 * @param image Read with the {@linkcode inventoryProbe}.
 * @param origins Images read alike, whose packages files may come from; the first
 * that has a file counts.
 */
export function inventory(
  image: Image,
  rootfs: Rootfs,
  origins: Origin[] = [],
): Inventory {
  const { reference, id, architecture, os, config, layers } = image;
  const found = distribution(rootfs);
  const files = unowned(rootfs);
  const traced = traceFiles(files, origins);
  const rest = [...files].filter(([path]) => !traced.paths.has(path));
  const programs: ProgramItem[] = [];
  const runtimes: RuntimeItem[] = [];
  const binaries: BinaryItem[] = [];
  let otherFiles = 0;
  for (const [name, entry] of rest) {
    const path = `/${name}`;
    const { elf } = foundIn(entry);
    const { sha256 = "" } = entry;
    if (elf?.program) programs.push(programItem(path, entry, elf.program));
    else if (elf?.runtime) runtimes.push({ path, sha256, ...elf.runtime });
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
    programs: programs.sort(byPath),
    runtimes: runtimes.sort(byPath),
    binaries: binaries.sort(byPath),
    otherFiles,
  };
}

/**
 * Regular files with content that no package owns, by path; a hard link is
 * under its first name.
 */
function unowned(rootfs: Rootfs): Map<string, Entry> {
  const owners = packageFiles(rootfs);
  const files = new Map<string, Entry>();
  for (const [path, { inode, bytes }] of rootfs.files) {
    if (bytes === 0 || owners.has(path) || isDatabase(path)) continue;
    files.set(path, inode);
  }
  return files;
}

/** What package managers keep for themselves. */
function isDatabase(path: string): boolean {
  return path.startsWith("var/lib/dpkg/") || path.startsWith("var/lib/apt/");
}

function programItem(
  path: string,
  entry: Entry,
  program: CompiledProgram,
): ProgramItem {
  const { deno, v8, runtimeSha256, modules, assets, npm, npmRoots } = program;
  return {
    path,
    sha256: entry.sha256 ?? "",
    runtime: {
      path,
      ...deno && { deno },
      ...v8 && { v8 },
      ...runtimeSha256 && { sha256: runtimeSha256 },
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
