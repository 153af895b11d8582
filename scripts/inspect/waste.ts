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

/** Entries of a group listed one by one, before the rest is summed up. */
const LISTED = 10;

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
 * Files that went with a folder are one line for each layer that wrote them. Lines
 * with the same layers, kind and advice are a group: of metadata it is one line,
 * of others the largest are listed and the rest is summed up under the folder that
 * they have in common.
 */
export function waste(image: Image, rootfs: Rootfs): Waste {
  let sizeBytes = 0;
  for (const layer of rootfs.layers) sizeBytes += layer.bytes;
  let wasteBytes = 0;
  for (const { entry } of rootfs.losses) wasteBytes += entry.size;

  const moved = movedContent(image, rootfs.losses);
  const lines = byRoot(rootfs.losses).sort(largestFirst)
    .map((item) => ({ ...item, advice: advice(image, item.loss, moved) }));
  const groups = Map.groupBy(
    lines,
    ({ advice, loss }) =>
      [loss.writtenBy, loss.coveredBy, loss.how, advice].join(" "),
  );
  const shown = [...groups.values()].flatMap((group) => {
    const listed = group[0].loss.how === "metadata" ? 0 : LISTED;
    // Summing up a single one would hide its name and save nothing.
    return group.length <= listed + 1
      ? group
      : [...group.slice(0, listed), sumOf(group.slice(listed))];
  });
  return {
    sizeBytes,
    wasteBytes,
    efficiency: sizeBytes === 0 ? 1 : rootfs.bytes / sizeBytes,
    wasted: shown.sort(largestFirst).map((
      { path, bytes, files, loss, advice },
    ) => ({
      path: `/${path}`,
      bytes,
      ...(files > 1 ? { files } : {}),
      writtenBy: loss.writtenBy,
      coveredBy: loss.coveredBy,
      how: loss.how,
      advice,
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

/** Several lines as one. */
function sumOf<T extends Item>(group: T[]): T {
  return {
    ...group[0],
    path: group.map(({ path }) => path).reduce(commonFolder),
    bytes: group.reduce((sum, { bytes }) => sum + bytes, 0),
    files: group.reduce((sum, { files }) => sum + files, 0),
  };
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
 * @param isMoved Whether what was deleted is still there under another path.
 * @returns One sentence without a full stop.
 */
function advice(
  image: Image,
  loss: Loss,
  isMoved: (loss: Loss) => boolean,
): string {
  const writer = takeApart(image.layers[loss.writtenBy].instruction);
  const cover = takeApart(image.layers[loss.coveredBy].instruction);
  const copied = writer.verb === "COPY" || writer.verb === "ADD";
  const copiedOver = cover.verb === "COPY" || cover.verb === "ADD";
  const moved = isMoved(loss);
  const { entry, cover: covering } = loss;
  if (
    covering?.sha256 === entry.sha256 &&
    (entry.capabilities || covering?.capabilities)
  ) {
    // Copied from a stage it stays; docker drops it from the context, chown always.
    return "Set mode, owner and capabilities in an earlier stage, chown before setcap, and COPY --from it once: that keeps the capabilities";
  }
  // Without a history, nothing is known of how the layers were made.
  if (image.layers.every(({ instruction }) => instruction === "")) {
    return NO_HISTORY[moved ? "moved" : loss.how];
  }
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

/** What holds for whatever has made the layers. */
const NO_HISTORY = {
  moved: "Write it to where it is moved to at once: moving it copies it whole",
  deleted:
    "Leave it out of the layer that brings it: deleting it later frees nothing",
  overwritten: "Write it once, in the last layer that changes it",
  metadata:
    "Set mode, owner and time in the layer that brings it: later it is copied whole",
};

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
