/** Where a path leads in a root file system, links followed as the kernel does. @module */
import type { Rootfs, RootfsFile } from "./model.ts";

export interface Resolved {
  /** Without links in it, relative to the root. */
  path: string;
  /** Absent for a folder that no layer has a record of. */
  file?: RootfsFile;
}

/** As many links as Linux follows before it calls them a loop. */
const MAX_LINKS = 40;
/** As long a target as Linux takes. */
const MAX_LENGTH = 4096;

/**
 * Follows a path from the root, where `..` stops; `undefined` for nowhere and for
 * circles. `visit` is given each path on the way and the names after it, last
 * first: it tells the target of a link to follow, or `null` where it leads nowhere.
 */
export function walkPath(
  path: string,
  visit: (path: string, rest: string[]) => string | null | undefined,
): string | undefined {
  const rest = path.split("/").reverse();
  let at = "";
  let links = 0;
  for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      at = at.slice(0, Math.max(0, at.lastIndexOf("/")));
      continue;
    }
    const next = at === "" ? name : `${at}/${name}`;
    const target = visit(next, rest);
    if (target === undefined) {
      at = next;
      continue;
    }
    if (target === null || target.length > MAX_LENGTH) return undefined;
    if (++links > MAX_LINKS) return undefined;
    if (target.startsWith("/")) at = "";
    rest.push(...target.split("/").reverse());
  }
  return at;
}

/** With `followLast`, also a link at the very end is followed. */
export function resolvePath(
  rootfs: Rootfs,
  path: string,
  followLast = true,
): Resolved | undefined {
  const at = walkPath(path, (next, rest) => {
    const inode = rootfs.files.get(next)?.inode;
    if (inode === undefined) return rootfs.implied.has(next) ? undefined : null;
    if (inode.type === "symlink") {
      const isFollowed = followLast || rest.some((name) => name !== "");
      return isFollowed ? inode.link ?? "" : undefined;
    }
    return inode.type === "directory" || rest.length === 0 ? undefined : null;
  });
  return at === undefined
    ? undefined
    : { path: at, file: rootfs.files.get(at) };
}

export function isExecutable(resolved: Resolved | undefined): boolean {
  const inode = resolved?.file?.inode;
  return inode?.type === "file" && (inode.mode & 0o111) !== 0;
}
