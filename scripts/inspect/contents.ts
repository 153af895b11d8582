/**
 * What fills a root file system, as a tree small enough to draw.
 *
 * @module
 */
import type { TreeNode } from "./inspect_schema.ts";
import type { Rootfs } from "../image/model.ts";

/** Smaller than this share of the whole is summed up. */
const SHARE = 0.005;
/** So many children of one folder are shown. */
const CHILDREN = 12;
/** Folders within folders; those that hold one thing only do not count. */
const DEPTH = 6;

/** A folder or file with all that is below it. */
interface Sum {
  name: string;
  bytes: number;
  children?: Map<string, Sum>;
  /** Files right in it that are too small to be shown, so not kept. */
  small?: { name: string; bytes: number; files: number };
}

/**
 * Sums up the bytes of a root file system by folder.
 *
 * Folders that hold one thing only are joined with it (`usr/lib`), and children
 * that are small, or beyond the 12 largest, become one `other (N)`. The bytes
 * of the children of a node always add up to its own.
 */
export function contents(rootfs: Rootfs): TreeNode {
  const least = rootfs.bytes * SHARE;
  const folders = new Map<string, Sum>([["", { name: "/", bytes: 0 }]]);
  let at = "";
  let folder = folderAt(folders, at);
  for (const [path, { bytes }] of rootfs.files) {
    if (bytes === 0) continue;
    const slash = Math.max(0, path.lastIndexOf("/"));
    if (slash !== at.length || !path.startsWith(at)) {
      at = path.slice(0, slash);
      folder = folderAt(folders, at);
    }
    addFile(folder, path.slice(slash === 0 ? 0 : slash + 1), bytes, least);
  }
  // Deeper folders were made after those above them.
  for (const [path, { name, bytes }] of [...folders].reverse()) {
    if (path === "") continue;
    const above = folderAt(folders, parentOf(path));
    above.bytes += bytes;
    if (bytes === 0) above.children?.delete(name);
  }
  return draw(folderAt(folders, ""), "/", least, DEPTH);
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The folder at a path, made with all above it if need be. */
function folderAt(folders: Map<string, Sum>, path: string): Sum {
  const missing: string[] = [];
  let at = path;
  let folder = folders.get(at);
  while (!folder) {
    missing.push(at);
    at = parentOf(at);
    folder = folders.get(at);
  }
  for (const path of missing.reverse()) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const made: Sum = { name, bytes: 0 };
    folder.children ??= new Map();
    folder.children.set(name, made);
    folders.set(path, made);
    folder = made;
  }
  return folder;
}

function addFile(
  folder: Sum,
  name: string,
  bytes: number,
  least: number,
): void {
  folder.bytes += bytes;
  if (bytes >= least) {
    folder.children ??= new Map();
    folder.children.set(name, { name, bytes });
  } else if (folder.small) {
    folder.small.bytes += bytes;
    folder.small.files++;
  } else folder.small = { name, bytes, files: 1 };
}

function draw(
  sum: Sum,
  name: string,
  least: number,
  depth: number,
): TreeNode {
  const { bytes, small } = sum;
  const sorted = childrenOf(sum);
  const all = sorted.length + (small && small.files > 1 ? small.files : 0);
  let shown = Math.min(
    CHILDREN,
    sorted.filter(({ bytes }) => bytes >= least).length,
  );
  // "other (1)" would hide a name and save nothing.
  if (all - shown === 1) shown++;
  if (shown === 0 || depth === 0) return { name, bytes };
  const children = sorted.slice(0, shown).map((child) => {
    const [end, path] = join(child);
    return draw(end, path, least, depth - 1);
  });
  if (all > shown) {
    children.push({
      name: `other (${all - shown})`,
      bytes: bytes - children.reduce((sum, { bytes }) => sum + bytes, 0),
    });
  }
  return { name, bytes, children };
}

/** What is in a folder, largest first; several small files are left out. */
function childrenOf({ children, small }: Sum): Sum[] {
  const all = [...children?.values() ?? []];
  if (small?.files === 1) all.push({ name: small.name, bytes: small.bytes });
  return all.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
}

/** Follows folders that hold one thing only. */
function join(sum: Sum): [Sum, string] {
  const names = [sum.name];
  for (;;) {
    const [only, ...others] = childrenOf(sum);
    if (!only || others.length > 0 || (sum.small?.files ?? 0) > 1) break;
    names.push(only.name);
    sum = only;
  }
  return [sum, names.join("/")];
}
