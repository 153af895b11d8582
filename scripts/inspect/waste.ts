/** Which bytes of an image nobody can reach, and what to change. @module */
import type { Image, Loss, Rootfs } from "../image/model.ts";

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
 * Accounts for every copy of a file that later layers replaced or deleted. Files
 * that went with a folder are one line for each layer that wrote them. Of lines with
 * the same layers, kind and advice the largest are listed, none of metadata; the
 * rest is summed up under the folder that they have in common.
 */
export function waste(image: Image, rootfs: Rootfs) {
  const sizeBytes = rootfs.layers.reduce((sum, { bytes }) => sum + bytes, 0);
  const wasteBytes = rootfs.losses
    .reduce((sum, { entry }) => sum + entry.size, 0);
  const isMoved = movedContent(image);
  const lines = byRoot(rootfs.losses).sort(largestFirst).map((item) => ({
    ...item,
    advice: advice(image, item.loss, isMoved(item.loss)),
  }));
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
      ...files > 1 && { files },
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
    const key = `${loss.writtenBy} ${loss.coveredBy} ${loss.how} ${root}`;
    const item = root === path ? undefined : folders.get(key);
    if (item) {
      item.path = root === "" ? "" : `${root}/`;
      item.bytes += bytes;
      item.files++;
      if (bytes > item.loss.entry.size) item.loss = loss;
    } else {
      const made = { path, bytes, files: 1, loss };
      items.push(made);
      if (root !== path) folders.set(key, made);
    }
  }
  return items;
}

/** Whether the layer that deleted a copy has the same content elsewhere. */
function movedContent(image: Image): (loss: Loss) => boolean {
  const contents = new Map<number, Set<string | undefined>>();
  return ({ how, coveredBy, entry: { sha256 } }) => {
    if (how !== "deleted" || sha256 === undefined) return false;
    const digests = contents.get(coveredBy) ??
      new Set(image.layers[coveredBy].entries.map(({ sha256 }) => sha256));
    contents.set(coveredBy, digests);
    return digests.has(sha256);
  };
}

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

/** How to avoid a loss, by the instructions that wrote and covered it. */
function advice({ layers }: Image, loss: Loss, moved: boolean): string {
  const { how, entry, cover } = loss;
  if (
    entry.sha256 !== undefined && cover?.sha256 === entry.sha256 &&
    (entry.capabilities || cover?.capabilities)
  ) {
    // Copied from a stage it stays; docker drops it from the context, chown always.
    return "Set mode, owner and capabilities in an earlier stage, chown before setcap, and COPY --from it once: that keeps the capabilities";
  }
  // Without a history, nothing is known of how the layers were made.
  if (layers.every(({ instruction }) => instruction === "")) {
    return NO_HISTORY[moved ? "moved" : how];
  }
  const writer = takeApart(layers[loss.writtenBy].instruction);
  const { verb } = takeApart(layers[loss.coveredBy].instruction);
  const base = loss.writtenBy === 0 && isBase(writer);
  const copied = writer.verb === "COPY" || writer.verb === "ADD";
  const copiedTwice = copied && (verb === "COPY" || verb === "ADD")
    ? `Copy it once: leave it out of the first ${writer.verb}`
    : undefined;
  const same = `in the same ${writer.verb === "RUN" ? "RUN" : "instruction"}`;
  if (how === "metadata") {
    const { command, flag } = metadataChange(loss);
    if (base) {
      return `Leave the base image's file as it is: ${command} copies it whole`;
    }
    if (!copied) return `Run ${command} ${same} that writes it`;
    return flag !== ""
      ? `Use ${writer.verb} ${flag} in place of a later ${command}`
      : copiedTwice ??
        `Write it once: drop what touches it after the ${writer.verb}`;
  }
  if (moved) {
    return base
      ? "Leave it where the base image has it: moving it copies it whole"
      : NO_HISTORY.moved;
  }
  if (how === "deleted") {
    if (base) {
      return "Start from a base image without it: deleting it later frees nothing";
    }
    if (!copied) return `Delete it ${same} that writes it`;
    return writer.rest.includes("--from=")
      ? "Copy only what is needed from the other stage, or delete it there"
      : `Leave it out of the ${writer.verb}${
        verb === "RUN" ? ", or read it with RUN --mount=type=bind" : ""
      }`;
  }
  if (base) {
    return "Start from a base image that has it right, or change it less often";
  }
  if (copied) {
    return copiedTwice ??
      `Change it before the ${writer.verb}, in an earlier stage or in the context`;
  }
  return writer.verb === "RUN" && verb === "RUN"
    ? "Join the two RUN instructions, or write it in the last one only"
    : "Write it once, in the last instruction that changes it";
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
  const match = /^([A-Z]+)(?:\s+(.*))?$/s.exec(instruction);
  const [, verb = "", rest = ""] = match ?? [];
  return { verb, rest };
}

/** A first layer that was unpacked whole: the root file system of a base. */
function isBase({ verb, rest }: { verb: string; rest: string }): boolean {
  return verb === "" || verb === "FROM" ||
    (verb === "ADD" && /^(?:file|multi|dir):|\.tar\b.* \/$|rootfs/.test(rest));
}

/** The command that copied a file up, and the flag of COPY that avoids it. */
function metadataChange(
  { entry, cover = entry }: Loss,
): { command: string; flag: string } {
  const changes: [string, string][] = [];
  if (cover.mode !== entry.mode) {
    changes.push(["chmod", `--chmod=${cover.mode.toString(8)}`]);
  }
  if (cover.uid !== entry.uid || cover.gid !== entry.gid) {
    changes.push(["chown", `--chown=${cover.uid}:${cover.gid}`]);
  }
  return {
    command: changes.map(([command]) => command).join(" and ") || "touch",
    flag: changes.map(([, flag]) => flag).join(" "),
  };
}
