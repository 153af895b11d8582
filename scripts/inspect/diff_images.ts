/** What differs between two images: paths, folders and how they are run. @module */
import { z } from "zod";
import type { Entry, Image, Rootfs, RootfsFile } from "../image/model.ts";
import { bytes, count, digest } from "../lib/schema_units.ts";
import { maskCommand, maskText, maskVariable } from "../lib/secret_text.ts";
import type { ImageAnalysis } from "./inspect_schema.ts";
import { systemPackages } from "./packages.ts";

/** What of a path can differ, the time of its last change left out. */
export const FIELDS = [
  "type",
  "content",
  "link",
  "device",
  "mode",
  "owner",
  "capabilities",
] as const;

const difference = z.int().describe("Bytes after minus bytes before.");

const side = z.object({
  reference: z.string(),
  id: digest.describe("SHA-256 of the image's config."),
  architecture: z.string(),
  sizeBytes: bytes,
  rootfs: z.object({ bytes, files: count }),
});

const pathState = z.object({
  type: z.enum([
    "file",
    "directory",
    "symlink",
    "character-device",
    "block-device",
    "fifo",
    "hardlink",
  ]).describe("hardlink: one whose file is not there."),
  bytes: bytes.describe("0 for all but one of the names of one file."),
  mode: count.describe("Permission bits with setuid, setgid and sticky."),
  uid: count,
  gid: count,
  link: z.string().optional().describe("Target of a symlink."),
});

const pathChange = z.object({
  path: z.string(),
  kind: z.enum(["added", "removed", "changed"]),
  changes: z.array(z.enum(FIELDS))
    .describe("What changed; empty for what was added or removed."),
  bytes: difference,
  before: pathState.optional(),
  after: pathState.optional(),
});

const valueChange = z.object({
  name: z.string(),
  before: z.string().optional(),
  after: z.string().optional(),
});

const layer = z.object({ digest, instruction: z.string(), sizeBytes: bytes });

/** What `deno task image diff --json` writes. */
export const imageDiffSchema = z.object({
  schemaVersion: z.literal(1),
  before: side,
  after: side,
  bytes: difference.describe("Of the root file systems: the sum of paths[]."),
  sizeBytes: difference.describe("Of the layers."),
  added: count,
  removed: count,
  changed: count,
  paths: z.array(pathChange).describe("By path; touching a file is no change."),
  directories: z.array(z.object({
    path: z.string(),
    bytes: difference,
    added: count,
    removed: count,
    changed: count,
  })).describe("Sums of all below each folder that differs, by path."),
  config: z.array(valueChange),
  packages: z.array(valueChange).describe(
    "Packages of Debian and Alpine, by version.",
  ),
  layers: z.object({
    shared: z.array(digest).describe(
      "Layers of the second that the first has.",
    ),
    added: z.array(layer).describe(
      "Layers that only the second has: what has to be transferred.",
    ),
    removed: z.array(layer).describe("Layers that only the first has."),
  }),
});

export type ImageDiff = z.infer<typeof imageDiffSchema>;
export type PathChange = z.infer<typeof pathChange>;
export type ValueChange = z.infer<typeof valueChange>;

interface ImageSide {
  image: Image;
  rootfs: Rootfs;
  analysis: ImageAnalysis;
}

/** A path differs in what it is, not in its time; the bytes of all add up. */
export function diffImages(before: ImageSide, after: ImageSide): ImageDiff {
  const paths = diffPaths(before.rootfs, after.rootfs);
  const counted = (kind: PathChange["kind"]) =>
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
    added: counted("added"),
    removed: counted("removed"),
    changed: counted("changed"),
    paths,
    directories: sumByDirectory(paths),
    config: changedValues(settingsOf(before.image), settingsOf(after.image))
      .map(withoutSecrets),
    packages: diffPackages([before, after]),
    layers: {
      shared: now.filter(({ digest }) => had.has(digest))
        .map(({ digest }) => digest),
      added: now.filter(({ digest }) => !had.has(digest)),
      removed: old.filter(({ digest }) => !has.has(digest)),
    },
  };
}

function sideOf({ analysis }: ImageSide): ImageDiff["before"] {
  const { image, sizeBytes, rootfs } = analysis;
  return { ...image, sizeBytes, rootfs };
}

function layersOf({ analysis }: ImageSide): ImageDiff["layers"]["added"] {
  return analysis.layers.map(({ digest, instruction, sizeBytes }) => ({
    digest,
    instruction,
    sizeBytes,
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

function diffPackages(images: ImageSide[]): ValueChange[] {
  const sides = images.map(({ analysis }) => systemPackages(analysis.surface));
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

export function changedValues<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
) {
  return [...new Set([...before.keys(), ...after.keys()])].sort()
    .flatMap((name) => {
      const [old, now] = [before.get(name), after.get(name)];
      if (old === now) return [];
      return [{
        name,
        ...old !== undefined && { before: old },
        ...now !== undefined && { after: now },
      }];
    });
}

export function changedFields(a: Entry, b: Entry): typeof FIELDS[number][] {
  const same: Record<typeof FIELDS[number], boolean> = {
    type: a.type === b.type,
    // Of two types, the type says it all.
    content: a.type !== b.type || a.size === b.size && a.sha256 === b.sha256,
    link: a.type !== b.type || a.link === b.link,
    device: a.type !== b.type || a.device === b.device,
    mode: a.mode === b.mode,
    owner: a.uid === b.uid && a.gid === b.gid,
    capabilities: a.capabilities === b.capabilities,
  };
  return FIELDS.filter((field) => !same[field]);
}
