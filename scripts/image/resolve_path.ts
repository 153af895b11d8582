/**
 * Where a path leads in an image's root file system, links followed the way the
 * kernel does.
 *
 * @module
 */
import type { Rootfs, RootfsFile } from "./model.ts";

/** What a path leads to. */
export interface Resolved {
  /** The path without links in it, relative to the root. */
  path: string;
  /** Absent for a folder that no layer has a record of. */
  file?: RootfsFile;
}

/** As many links as Linux follows before it calls them a loop. */
const MAX_LINKS = 40;
/** As long a target as Linux takes. */
const MAX_LENGTH = 4096;

/**
 * Follows a path from the root.
 *
 * @param path Absolute or not, it starts at the root; `..` stops there.
 * @param followLast Whether a link at the very end is followed too.
 * @returns `undefined` when it leads nowhere or in circles.
 */
export function resolvePath(
  rootfs: Rootfs,
  path: string,
  followLast = true,
): Resolved | undefined {
  const rest = path.split("/").reverse();
  let at = "";
  let links = 0;
  while (rest.length > 0) {
    const name = rest.pop();
    if (name === undefined || name === "" || name === ".") continue;
    if (name === "..") {
      at = at.slice(0, Math.max(0, at.lastIndexOf("/")));
      continue;
    }
    const next = at === "" ? name : `${at}/${name}`;
    const file = rootfs.files.get(next);
    if (!file) {
      if (!rootfs.implied.has(next)) return undefined;
    } else if (file.inode.type === "symlink") {
      if (followLast || rest.some((name) => name !== "")) {
        const target = file.inode.link ?? "";
        if (++links > MAX_LINKS || target.length > MAX_LENGTH) return undefined;
        if (target.startsWith("/")) at = "";
        for (const name of target.split("/").reverse()) rest.push(name);
        continue;
      }
    } else if (file.inode.type !== "directory" && rest.length > 0) {
      return undefined;
    }
    at = next;
  }
  return { path: at, file: rootfs.files.get(at) };
}

/** Whether a path leads to a regular file that may be executed. */
export function isExecutable(resolved: Resolved | undefined): boolean {
  const inode = resolved?.file?.inode;
  return inode?.type === "file" && (inode.mode & 0o111) !== 0;
}
