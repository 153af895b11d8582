/** What differs between two images: paths, folders and how they are run. @module */
import { maskCommand, maskText, maskVariable } from "../lib/secret_text.ts";
import type { Image, Rootfs, RootfsFile } from "../image/model.ts";
import { changedFields, changedValues } from "./compare.ts";
import type { ImageDiff, PathChange, ValueChange } from "./diff_schema.ts";
import { packages } from "./packages.ts";

export interface ImageSide {
  image: Image;
  rootfs: Rootfs;
}

/** A path differs in what it is, not in its time; the bytes of all add up. */
export function diffImages(before: ImageSide, after: ImageSide): ImageDiff {
  const paths = diffPaths(before.rootfs, after.rootfs);
  const count = (kind: PathChange["kind"]) =>
    paths.filter((path) => path.kind === kind).length;
  const sides = { before: sideOf(before), after: sideOf(after) };
  const [old, now] = [layersOf(before), layersOf(after)];
  const [had, has] = [old, now]
    .map((layers) => new Set(layers.map(({ digest }) => digest)));
  return {
    schemaVersion: 1,
    ...sides,
    bytes: sides.after.rootfs.bytes - sides.before.rootfs.bytes,
    sizeBytes: sides.after.sizeBytes - sides.before.sizeBytes,
    added: count("added"),
    removed: count("removed"),
    changed: count("changed"),
    paths,
    directories: sumByDirectory(paths),
    config: changedValues(settingsOf(before.image), settingsOf(after.image))
      .map(withoutSecrets),
    packages: diffPackages(before.rootfs, after.rootfs),
    layers: {
      shared: now.filter(({ digest }) => had.has(digest))
        .map(({ digest }) => digest),
      added: now.filter(({ digest }) => !had.has(digest)),
      removed: old.filter(({ digest }) => !has.has(digest)),
    },
  };
}

function sideOf({ image, rootfs }: ImageSide): ImageDiff["before"] {
  return {
    reference: image.reference,
    id: image.id,
    architecture: image.architecture,
    sizeBytes: rootfs.layers.reduce((sum, { bytes }) => sum + bytes, 0),
    rootfs: { bytes: rootfs.bytes, files: rootfs.regularFiles },
  };
}

function layersOf({ image, rootfs }: ImageSide) {
  return image.layers.map(({ diffId, instruction }, index) => ({
    digest: diffId,
    instruction,
    sizeBytes: rootfs.layers[index].bytes,
  }));
}

function diffPaths(before: Rootfs, after: Rootfs): PathChange[] {
  const paths = new Set([...before.files.keys(), ...after.files.keys()]);
  return [...paths].sort().flatMap((path) => {
    const [old, now] = [before.files.get(path), after.files.get(path)];
    const changes = old && now ? changesOf(old, now) : [];
    const bytes = (now?.bytes ?? 0) - (old?.bytes ?? 0);
    if (old && now) {
      // Bytes move without a change when a file gains or loses a hard link.
      if (changes.length === 0 && bytes === 0) return [];
    } else {
      // A folder without a record is there as well as one with it.
      const implied = (old ? after : before).implied.has(path);
      if (implied && (old ?? now)?.inode.type === "directory") return [];
    }
    return [{
      path: `/${path}`,
      kind: !old ? "added" : !now ? "removed" : "changed",
      changes,
      bytes,
      ...old && { before: stateOf(old) },
      ...now && { after: stateOf(now) },
    }];
  });
}

/** The mode of a symlink means nothing, and builders differ in it. */
function changesOf(old: RootfsFile, now: RootfsFile): PathChange["changes"] {
  return changedFields(old.inode, now.inode)
    .filter((field) => field !== "mode" || now.inode.type !== "symlink");
}

function stateOf({ inode, bytes }: RootfsFile): PathChange["before"] {
  const { type, mode, uid, gid, link = "" } = inode;
  const state = { type, bytes, mode, uid, gid };
  return type === "symlink" ? { ...state, link } : state;
}

type DirectorySum = ImageDiff["directories"][number];

function sumByDirectory(paths: PathChange[]): DirectorySum[] {
  const sums = new Map<string, DirectorySum>();
  for (const { path, kind, bytes } of paths) {
    for (let at = path; at !== "/";) {
      at = at.slice(0, Math.max(1, at.lastIndexOf("/")));
      let sum = sums.get(at);
      if (!sum) {
        sum = { path: at, bytes: 0, added: 0, removed: 0, changed: 0 };
        sums.set(at, sum);
      }
      sum.bytes += bytes;
      sum[kind]++;
    }
  }
  return [...sums.values()].sort((a, b) => a.path < b.path ? -1 : 1);
}

/** Each setting as one text; what is not set is absent. */
function settingsOf({ architecture, os, config }: Image): Map<string, string> {
  const { env, labels, ...others } = config;
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries({ architecture, os, ...others })) {
    if (value.length === 0) continue;
    values.set(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  for (const line of env) {
    const equals = line.indexOf("=");
    const name = equals < 0 ? line : line.slice(0, equals);
    values.set(`env ${name}`, equals < 0 ? "" : line.slice(equals + 1));
  }
  for (const [name, value] of Object.entries(labels)) {
    values.set(`label ${name}`, value);
  }
  return values;
}

/** That a secret has changed is told, but not to what. */
function withoutSecrets({ name, before, after }: ValueChange): ValueChange {
  const shown = (value: string) =>
    name === "entrypoint" || name === "cmd"
      ? JSON.stringify(maskCommand(JSON.parse(value)))
      : name.startsWith("env ")
      ? maskVariable(`${name.slice(4)}=${value}`).slice(name.length - 3)
      : maskText(value);
  return {
    name,
    ...before !== undefined && { before: shown(before) },
    ...after !== undefined && { after: shown(after) },
  };
}

function diffPackages(before: Rootfs, after: Rootfs): ValueChange[] {
  const sides = [packages(before), packages(after)];
  // One package may be installed for several architectures.
  const several = new Set(
    sides.flatMap((side) =>
      side.filter(({ name }, i) => name === side[i - 1]?.name)
        .map(({ name }) => name)
    ),
  );
  const [old, now] = sides.map((side) =>
    new Map(side.map(({ name, version, architecture }) => [
      several.has(name) ? `${name}:${architecture}` : name,
      version,
    ]))
  );
  return changedValues(old, now);
}
