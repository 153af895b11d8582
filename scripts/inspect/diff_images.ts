/**
 * What differs between two images: path by path, folder by folder, and in how
 * they are run.
 *
 * @module
 */
import type { Image, Rootfs, RootfsFile } from "../image/model.ts";
import { changedFields, changedValues } from "./compare.ts";
import type { ImageDiff, PathChange, ValueChange } from "./diff_schema.ts";
import { packages } from "./packages.ts";

/** An image with its root file system. */
export interface ImageSide {
  image: Image;
  rootfs: Rootfs;
}

/**
 * Compares two images.
 *
 * A path differs if its content, mode, owner, capabilities, link target, device
 * or type does; the time of its last change does not count, and neither does
 * which of its names a file with hard links was written under. The bytes of all paths add up to
 * the difference of the root file systems.
 */
export function diffImages(before: ImageSide, after: ImageSide): ImageDiff {
  const paths = diffPaths(before.rootfs, after.rootfs);
  const count = (kind: PathChange["kind"]) =>
    paths.filter((path) => path.kind === kind).length;
  const sides = { before: sideOf(before), after: sideOf(after) };
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
    config: diffConfig(before.image, after.image),
    packages: diffPackages(before.rootfs, after.rootfs),
    layers: {
      shared: layersOf(after).filter(isIn(before)).map(({ digest }) => digest),
      added: layersOf(after).filter((layer) => !isIn(before)(layer)),
      removed: layersOf(before).filter((layer) => !isIn(after)(layer)),
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

type LayerLine = ImageDiff["layers"]["added"][number];

function layersOf({ image, rootfs }: ImageSide): LayerLine[] {
  return image.layers.map(({ diffId, instruction }, index) => ({
    digest: diffId,
    instruction,
    sizeBytes: rootfs.layers[index].bytes,
  }));
}

function isIn({ image }: ImageSide): (layer: LayerLine) => boolean {
  const digests = new Set(image.layers.map(({ diffId }) => diffId));
  return ({ digest }) => digests.has(digest);
}

function diffPaths(before: Rootfs, after: Rootfs): PathChange[] {
  const changes: PathChange[] = [];
  for (const [path, old] of before.files) {
    const now = after.files.get(path);
    if (now) {
      const change = changeOf(path, old, now);
      if (change) changes.push(change);
    } else if (old.inode.type !== "directory" || !after.implied.has(path)) {
      changes.push({
        path: `/${path}`,
        kind: "removed",
        changes: [],
        bytes: -old.bytes,
        before: stateOf(old),
      });
    }
  }
  for (const [path, now] of after.files) {
    if (before.files.has(path)) continue;
    if (now.inode.type === "directory" && before.implied.has(path)) continue;
    changes.push({
      path: `/${path}`,
      kind: "added",
      changes: [],
      bytes: now.bytes,
      after: stateOf(now),
    });
  }
  return changes.sort((a, b) => a.path < b.path ? -1 : 1);
}

function changeOf(
  path: string,
  old: RootfsFile,
  now: RootfsFile,
): PathChange | undefined {
  // The mode of a symlink means nothing, and builders differ in it.
  const changes = changedFields(old.inode, now.inode).filter((field) =>
    field !== "mode" || now.inode.type !== "symlink"
  );
  const bytes = now.bytes - old.bytes;
  // Bytes move without a change when a file gains or loses a hard link.
  if (changes.length === 0 && bytes === 0) return undefined;
  return {
    path: `/${path}`,
    kind: "changed",
    changes,
    bytes,
    before: stateOf(old),
    after: stateOf(now),
  };
}

function stateOf({ inode, bytes }: RootfsFile): PathChange["before"] {
  const { type, mode, uid, gid, link } = inode;
  return {
    type,
    bytes,
    mode,
    uid,
    gid,
    ...(type === "symlink" ? { link: link ?? "" } : {}),
  };
}

type DirectorySum = ImageDiff["directories"][number];

/** Sums up by folder; the paths are sorted. */
function sumByDirectory(paths: PathChange[]): DirectorySum[] {
  const sums = new Map<string, DirectorySum>();
  const sumOf = (path: string): DirectorySum => {
    let sum = sums.get(path);
    if (!sum) {
      sum = { path, bytes: 0, added: 0, removed: 0, changed: 0 };
      sums.set(path, sum);
    }
    return sum;
  };
  // First what lies right in each folder, for there are fewer folders than
  // paths, then each folder to all above it.
  let direct: DirectorySum | undefined;
  for (const { path, kind, bytes } of paths) {
    if (path === "/") continue;
    const folder = parentOf(path);
    if (direct?.path !== folder) direct = sumOf(folder);
    direct.bytes += bytes;
    direct[kind]++;
  }
  for (const { path, bytes, added, removed, changed } of copies(sums)) {
    for (let at = path; at !== "/";) {
      at = parentOf(at);
      const sum = sumOf(at);
      sum.bytes += bytes;
      sum.added += added;
      sum.removed += removed;
      sum.changed += changed;
    }
  }
  return [...sums.values()].sort((a, b) => a.path < b.path ? -1 : 1);
}

function copies(sums: Map<string, DirectorySum>): DirectorySum[] {
  return Array.from(sums.values(), (sum) => ({ ...sum }));
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

/** Compares two configurations, environment and labels name by name. */
function diffConfig(before: Image, after: Image): ValueChange[] {
  return changedValues(valuesOf(before), valuesOf(after));
}

/** Each setting as one text; what is not set is absent. */
function valuesOf({ architecture, os, config }: Image): Map<string, string> {
  const settings: [string, string | string[]][] = [
    ["architecture", architecture],
    ["os", os],
    ["user", config.user],
    ["entrypoint", config.entrypoint],
    ["cmd", config.cmd],
    ["workingDir", config.workingDir],
    ["exposedPorts", config.exposedPorts],
    ["stopSignal", config.stopSignal],
    ["healthcheck", config.healthcheck],
    ["volumes", config.volumes],
  ];
  const values = new Map<string, string>();
  for (const [name, value] of settings) {
    if (value.length === 0) continue;
    values.set(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  for (const line of config.env) {
    const equals = line.indexOf("=");
    const name = equals < 0 ? line : line.slice(0, equals);
    values.set(`env ${name}`, equals < 0 ? "" : line.slice(equals + 1));
  }
  for (const [name, value] of Object.entries(config.labels)) {
    values.set(`label ${name}`, value);
  }
  return values;
}

/** Compares the packages of two root file systems by version. */
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
