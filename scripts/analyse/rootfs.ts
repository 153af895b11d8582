/**
 * What is left of an image once its layers are laid over each other and the
 * whiteouts applied, and every copy of a file that got lost on the way. Copies
 * are counted as inodes: a hard link is a further name, not further bytes.
 *
 * @module
 */
import type { Entry, Image } from "../model.ts";
import { Overlay } from "./overlay.ts";

/** A path of the root file system. */
export interface RootfsFile {
  /** The record of the topmost layer that has the path. */
  readonly entry: Entry;
  /** Index of that layer. */
  readonly layer: number;
  /** What the path is: `entry` itself, or the file that a hard link names. */
  readonly inode: Entry;
  /** Bytes accounted to this path; 0 for all but one name of the same file. */
  readonly bytes: number;
}

/** How a copy of a file got lost. */
export type LossKind = "overwritten" | "deleted" | "metadata";

/** A copy of a file that a layer carries and that no path leads to any more. */
export interface Loss {
  /** The last path that led to it. */
  path: string;
  /** The record of the regular file that holds its bytes. */
  entry: Entry;
  /** Index of the layer that wrote it. */
  writtenBy: number;
  /** Index of the layer that replaced or deleted it. */
  coveredBy: number;
  how: LossKind;
  /** The path that was replaced or deleted; a folder above, or `path` itself. */
  root: string;
  /** What took the place of `root`; absent when it was deleted. */
  cover?: Entry;
}

/** An image's root file system, and what each layer brought. */
export interface Rootfs {
  /** By path as in {@linkcode Entry.path}; folders and links too. */
  files: ReadonlyMap<string, RootfsFile>;
  /** Folders that no layer has a record of, but that must be there. */
  implied: ReadonlySet<string>;
  /** Bytes of the regular files; a hard link counts once. */
  bytes: number;
  /** Regular files; a hard link counts once. */
  regularFiles: number;
  /** For each layer, the bytes and regular files that it brings. */
  layers: { bytes: number; regularFiles: number }[];
  /** Copies that no path leads to any more, in the order they got lost. */
  losses: Loss[];
}

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
const INTERNAL = ".wh..wh.";

/**
 * Lays the layers of an image over each other, as engines do.
 *
 * Whiteouts apply to the layers below only, wherever they stand in their own
 * layer. A path that occurs twice in one layer: the last one wins, and the
 * first is not counted, for engines count what a layer unpacks to. A hard link
 * is a further name for what its target is at that moment.
 */
export function rootfs(image: Image): Rootfs {
  const overlay = new Overlay();
  for (const layer of image.layers) {
    overlay.nextLayer();
    for (const { path } of layer.entries) {
      if (path.includes(WHITEOUT)) applyWhiteout(overlay, path);
    }
    for (const entry of layer.entries) {
      if (!isWhiteout(entry.path)) overlay.put(entry);
    }
    overlay.endLayer();
  }
  return overlay.finish();
}

/** Deletes what a whiteout names; other paths delete nothing. */
function applyWhiteout(overlay: Overlay, path: string): void {
  const slash = path.lastIndexOf("/") + 1;
  if (path.slice(slash) === OPAQUE) {
    overlay.empty(path.slice(0, Math.max(0, slash - 1)));
  } else if (
    path.startsWith(WHITEOUT, slash) && !path.startsWith(INTERNAL, slash)
  ) {
    overlay.delete(path.slice(0, slash) + path.slice(slash + WHITEOUT.length));
  }
}

/** Whiteouts, and the bookkeeping that aufs kept in folders named like them. */
function isWhiteout(path: string): boolean {
  return path.includes(WHITEOUT) && // rare, and quick to tell
    (path.startsWith(INTERNAL) || path.includes("/" + INTERNAL) ||
      path.startsWith(WHITEOUT, path.lastIndexOf("/") + 1));
}
