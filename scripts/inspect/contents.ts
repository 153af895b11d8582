/**
 * What fills a root file system, as a tree small enough to draw.
 *
 * @module
 */
import type { Rootfs } from "../image/model.ts";
import type { TreeNode } from "./inspect_schema.ts";

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
    if (bytes === 0) continue;
    let node = root;
    node.bytes += bytes;
    for (const name of path.split("/")) {
      node.children ??= new Map();
      let child = node.children.get(name);
      if (!child) node.children.set(name, child = { name, bytes: 0 });
      child.bytes += bytes;
      node = child;
    }
  }
  return draw(root, root.bytes * SHARE, DEPTH);
}

function draw(sum: Sum, least: number, depth: number): TreeNode {
  const { name, bytes } = sum;
  const sorted = [...sum.children?.values() ?? []]
    .sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
  const large = sorted.filter(({ bytes }) => bytes >= least).length;
  let shown = Math.min(CHILDREN, large);
  // "other (1)" would hide a name and save nothing.
  if (sorted.length - shown === 1) shown++;
  if (shown === 0 || depth === 0) return { name, bytes };
  const children = sorted.slice(0, shown)
    .map((child) => draw(joined(child), least, depth - 1));
  if (sorted.length > shown) {
    children.push({
      name: `other (${sorted.length - shown})`,
      bytes: sorted.slice(shown).reduce((sum, { bytes }) => sum + bytes, 0),
    });
  }
  return { name, bytes, children };
}

/** Follows folders that hold one thing only. */
function joined(sum: Sum): Sum {
  const names = [sum.name];
  while (sum.children?.size === 1) {
    [sum] = sum.children.values();
    names.push(sum.name);
  }
  return { ...sum, name: names.join("/") };
}
