/**
 * What is left of an image once its layers are laid over each other and the
 * whiteouts applied, and every copy of a file that got lost on the way. Copies
 * are counted as inodes: a hard link is a further name, not further bytes.
 *
 * @module
 */
import type { Image, Rootfs } from "./model.ts";
import { Overlay } from "./overlay.ts";

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
