/**
 * What fills a root file system, as a tree small enough to draw.
 *
 * @module
 */
import type { TreeNode } from "../schema.ts";
import type { Rootfs } from "./rootfs.ts";

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
}

/**
 * Sums up the bytes of a root file system by folder.
 *
 * Folders that hold one thing only are joined with it (`usr/lib`), and children
 * that are small, or beyond the 12 largest, become one `other (N)`. The bytes
 * of the children of a node always add up to its own.
 */
export function contents(rootfs: Rootfs): TreeNode {
  const root: Sum = { name: "/", bytes: 0 };
  for (const [path, { bytes }] of rootfs.files) {
    if (bytes > 0) add(root, path, bytes);
  }
  return draw(root, "/", rootfs.bytes * SHARE, DEPTH);
}

function add(root: Sum, path: string, bytes: number): void {
  let at = root;
  at.bytes += bytes;
  for (const name of path.split("/")) {
    at.children ??= new Map();
    let child = at.children.get(name);
    if (!child) at.children.set(name, child = { name, bytes: 0 });
    child.bytes += bytes;
    at = child;
  }
}

function draw(
  sum: Sum,
  name: string,
  least: number,
  depth: number,
): TreeNode {
  const { bytes } = sum;
  if (!sum.children || depth === 0) return { name, bytes };
  const sorted = [...sum.children.values()].sort((a, b) =>
    b.bytes - a.bytes || (a.name < b.name ? -1 : 1)
  );
  let shown = Math.min(
    CHILDREN,
    sorted.filter(({ bytes }) => bytes >= least).length,
  );
  // "other (1)" would hide a name and save nothing.
  if (sorted.length - shown === 1) shown++;
  if (shown === 0) return { name, bytes };
  const children = sorted.slice(0, shown).map((child) => {
    const [end, path] = join(child);
    return draw(end, path, least, depth - 1);
  });
  const others = sorted.slice(shown);
  if (others.length > 0) {
    children.push({
      name: `other (${others.length})`,
      bytes: others.reduce((sum, { bytes }) => sum + bytes, 0),
    });
  }
  return { name, bytes, children };
}

/** Follows folders that hold one thing only. */
function join(sum: Sum): [Sum, string] {
  const names = [sum.name];
  while (sum.children?.size === 1) {
    const [only] = sum.children.values();
    names.push(only.name);
    sum = only;
  }
  return [sum, names.join("/")];
}
