/**
 * Which bytes of an image nobody can reach: who wrote them, who covered them,
 * and what to change. Whatever is left out of the list is summed up in it.
 *
 * @module
 */
import type { Image, Loss, Rootfs } from "../image/model.ts";
import type { Wasted } from "./inspect_schema.ts";

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

/**
 * Says how to avoid a loss, from the instructions that wrote and covered it.
 *
 * @param moved Whether what was deleted is still there under another path.
 * @returns One sentence without a full stop.
 */
function advice(image: Image, loss: Loss, moved: boolean): string {
  const writer = takeApart(image.layers[loss.writtenBy].instruction);
  const cover = takeApart(image.layers[loss.coveredBy].instruction);
  const copied = writer.verb === "COPY" || writer.verb === "ADD";
  const copiedOver = cover.verb === "COPY" || cover.verb === "ADD";
  const base = loss.writtenBy === 0 && isBase(writer);

  if (loss.how === "metadata") {
    const change = metadataChange(loss);
    if (base) {
      return `Leave the base image's file as it is: ${change.verb} copies it whole`;
    }
    if (copied) {
      return change.flag === ""
        ? copiedOver
          ? `Copy it once: leave it out of the first ${writer.verb}`
          : `Write it once: drop what touches it after the ${writer.verb}`
        : `Use ${writer.verb} ${change.flag} in place of a later ${change.verb}`;
    }
    return writer.verb === "RUN"
      ? `Run ${change.verb} in the same RUN that writes it`
      : `Run ${change.verb} in the same instruction that writes it`;
  }
  if (moved) {
    return base
      ? "Leave it where the base image has it: moving it copies it whole"
      : "Write it to where it is moved to at once: moving it copies it whole";
  }
  if (base) {
    return loss.how === "deleted"
      ? "Start from a base image without it: deleting it later frees nothing"
      : "Start from a base image that has it right, or change it less often";
  }
  if (loss.how === "deleted") {
    if (copied) {
      return writer.rest.includes("--from=")
        ? "Copy only what is needed from the other stage, or delete it there"
        : cover.verb === "RUN"
        ? `Leave it out of the ${writer.verb}, or read it with RUN --mount=type=bind`
        : `Leave it out of the ${writer.verb}`;
    }
    return writer.verb === "RUN"
      ? "Delete it in the same RUN that writes it"
      : "Delete it in the same instruction that writes it";
  }
  if (copied && copiedOver) {
    return `Copy it once: leave it out of the first ${writer.verb}`;
  }
  if (copied) {
    return `Change it before the ${writer.verb}, in an earlier stage or in the context`;
  }
  if (writer.verb === "RUN" && cover.verb === "RUN") {
    return "Join the two RUN instructions, or write it in the last one only";
  }
  return "Write it once, in the last instruction that changes it";
}

/** `COPY` and `a /b` of `COPY a /b`; both empty when the history is silent. */
function takeApart(instruction: string): { verb: string; rest: string } {
  const [, verb = "", rest = ""] =
    /^([A-Z]+)(?:\s+(.*))?$/s.exec(instruction) ??
      [];
  return { verb, rest };
}

/** A first layer that was unpacked whole: the root file system of a base. */
function isBase({ verb, rest }: { verb: string; rest: string }): boolean {
  return verb === "" || verb === "FROM" ||
    (verb === "ADD" && /^(?:file|multi|dir):|\.tar\b.* \/$|rootfs/.test(rest));
}

/** The command that copied a file up, and the flag of COPY that avoids it. */
function metadataChange(
  { entry, cover }: Loss,
): { verb: string; flag: string } {
  const mode = cover !== undefined && cover.mode !== entry.mode;
  const owner = cover !== undefined &&
    (cover.uid !== entry.uid || cover.gid !== entry.gid);
  const flags: string[] = [];
  if (mode) flags.push(`--chmod=${cover.mode.toString(8)}`);
  if (owner) flags.push(`--chown=${cover.uid}:${cover.gid}`);
  const verb = mode && owner
    ? "chmod and chown"
    : mode
    ? "chmod"
    : owner
    ? "chown"
    : "touch";
  return { verb, flag: flags.join(" ") };
}
