/**
 * Which bytes of an image nobody can reach: who wrote them, who covered them,
 * and what to change. Whatever is left out of the list is summed up in it.
 *
 * @module
 */
import type { Image } from "../image/model.ts";
import type { Wasted } from "./inspect_schema.ts";
import { advice } from "./advice.ts";
import type { Loss, Rootfs } from "../image/model.ts";

/** How well an image uses its bytes. */
export interface Waste {
  /** Bytes of the regular files in all layers; a hard link counts once. */
  sizeBytes: number;
  /** Bytes of copies that were replaced or deleted: size minus rootfs. */
  wasteBytes: number;
  /** rootfs / size; 1 for an empty image. */
  efficiency: number;
  /** Largest first; the bytes sum up to `wasteBytes`. */
  wasted: Wasted[];
}

/** Entries listed one by one, before the rest is summed up by folder. */
const LISTED = 100;

/** A line of the list: one lost copy, or those that went with their folder. */
interface Item {
  path: string;
  bytes: number;
  files: number;
  /** Stands for all: they differ in the path only. */
  loss: Loss;
}

/**
 * Accounts for every copy of a file that later layers replaced or deleted.
 *
 * Files that went with a folder are one line for each layer that wrote them.
 * Beyond the 100 largest lines, the others are summed up for each pair of
 * layers under the folder that they have in common.
 */
export function waste(image: Image, rootfs: Rootfs): Waste {
  let sizeBytes = 0;
  for (const layer of rootfs.layers) sizeBytes += layer.bytes;
  let wasteBytes = 0;
  for (const { entry } of rootfs.losses) wasteBytes += entry.size;

  const moved = movedContent(image, rootfs.losses);
  const items = byRoot(rootfs.losses).sort(largestFirst);
  const lines = [
    ...items.slice(0, LISTED),
    ...byLayers(items.slice(LISTED)),
  ].sort(largestFirst);
  return {
    sizeBytes,
    wasteBytes,
    efficiency: sizeBytes === 0 ? 1 : rootfs.bytes / sizeBytes,
    wasted: lines.map(({ path, bytes, files, loss }) => ({
      path: `/${path}`,
      bytes,
      ...(files > 1 ? { files } : {}),
      writtenBy: loss.writtenBy,
      coveredBy: loss.coveredBy,
      how: loss.how,
      advice: advice(image, loss, moved(loss)),
    })),
  };
}

/** One item for each lost copy, or for all that went with a folder. */
function byRoot(losses: Loss[]): Item[] {
  const items: Item[] = [];
  const folders = new Map<string, Item>();
  for (const loss of losses) {
    const { path, root, entry: { size: bytes } } = loss;
    if (bytes === 0) continue;
    const key = root === path
      ? undefined
      : `${loss.writtenBy} ${loss.coveredBy} ${loss.how} ${root}`;
    const item = key === undefined ? undefined : folders.get(key);
    if (item) {
      item.path = root === "" ? "" : `${root}/`;
      item.bytes += bytes;
      item.files++;
      if (bytes > item.loss.entry.size) item.loss = loss;
    } else {
      const made = { path, bytes, files: 1, loss };
      items.push(made);
      if (key !== undefined) folders.set(key, made);
    }
  }
  return items;
}

/** Whether the layer that deleted a copy has the same content elsewhere. */
function movedContent(image: Image, losses: Loss[]): (loss: Loss) => boolean {
  const contents = new Map<number, Set<string>>();
  for (const { how, coveredBy } of losses) {
    if (how !== "deleted" || contents.has(coveredBy)) continue;
    const digests = new Set<string>();
    for (const { sha256 } of image.layers[coveredBy].entries) {
      if (sha256 !== undefined) digests.add(sha256);
    }
    contents.set(coveredBy, digests);
  }
  return ({ how, coveredBy, entry }) =>
    how === "deleted" && entry.sha256 !== undefined &&
    contents.get(coveredBy)?.has(entry.sha256) === true;
}

/** One item for each pair of layers and kind of loss. */
function byLayers(items: Item[]): Item[] {
  const sums = new Map<string, Item>();
  for (const item of items) {
    const { loss } = item;
    const key = `${loss.writtenBy} ${loss.coveredBy} ${loss.how}`;
    const sum = sums.get(key);
    if (sum) {
      sum.path = commonFolder(sum.path, item.path);
      sum.bytes += item.bytes;
      sum.files += item.files;
    } else {
      sums.set(key, { ...item });
    }
  }
  return [...sums.values()];
}

/** The deepest folder that holds both, with its `/`; `""` for the root. */
function commonFolder(a: string, b: string): string {
  let end = 0;
  for (let i = 0; i < a.length && a[i] === b[i]; i++) {
    if (a[i] === "/") end = i + 1;
  }
  return a.slice(0, end);
}

function largestFirst(a: Item, b: Item): number {
  return b.bytes - a.bytes || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
}
