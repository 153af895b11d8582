/** The shape of what `deno task image diff --json` writes. @module */
import { z } from "zod";
import { bytes, count, digest } from "../lib/schema_units.ts";
import { FIELDS } from "./compare.ts";

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
