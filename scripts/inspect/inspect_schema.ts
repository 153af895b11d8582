/** What an inspection finds in an image, as the report states it. @module */
import { z } from "zod";
import { bytes, count, digest } from "../lib/schema_units.ts";
import {
  permissionsSchema,
  programSchema,
} from "../deno_binary/program_schema.ts";

const wastedSchema = z.object({
  path: z.string().describe("From the root; a folder's ends with a slash."),
  bytes,
  files: count.optional().describe(
    "How many files this entry sums up; absent for a single one.",
  ),
  writtenBy: count.describe("Index of the layer that wrote it."),
  coveredBy: count.describe("Index of the layer that replaced or deleted it."),
  how: z.enum(["overwritten", "deleted", "metadata"])
    .describe("metadata: same content copied up by chmod, chown or touch."),
  advice: z.string().describe("What to change in the Dockerfile."),
});

const packageSchema = z.object({
  name: z.string(),
  version: z.string(),
  architecture: z.string(),
});

/** What has no place in an image: it looks like a secret, or like state. */
const secretSchema = z.object({
  path: z.string().describe("Of a variable, ENV and its name."),
  kind: z.enum([
    "environment file",
    "private key",
    "database",
    "git repository",
    "registry token",
    "access token",
    "cloud credentials",
    "cluster credentials",
    "variable",
  ]),
  layer: count.optional().describe(
    "Index of the layer that brought it; a variable is in the image's config.",
  ),
  deletedBy: count.optional().describe(
    "Index of the layer that replaced or deleted it; whoever has the image still has it.",
  ),
  replaced: z.literal(true).optional().describe(
    "Whether that layer has another file there.",
  ),
  program: z.string().optional().describe(
    "Path of the compiled program that the file is embedded in.",
  ),
});

const names = z.array(z.string());

const surfaceSchema = z.object({
  runsAsRoot: z.boolean(),
  shells: names,
  packageManagers: names,
  setuid: names,
  setgid: names,
  worldWritable: names.describe(
    "World-writable paths; directories with the sticky bit are not counted.",
  ),
  capabilities: names.optional().describe(
    "Files that bring capabilities to whoever starts them, as getcap prints them: /bin/ping cap_net_raw=ep",
  ),
  debianPackages: z.array(packageSchema),
  alpinePackages: z.array(packageSchema).optional(),
  unreadPackages: names.optional().describe(
    "Databases of package managers that are there and are not read.",
  ),
  certificates: z.boolean().describe("A CA bundle is there."),
  timeZones: z.boolean().describe("A time zone database is there."),
  interpreter: z.string().optional()
    .describe("Loader that the entrypoint asks for."),
  libraries: names.optional().describe("Libraries the entrypoint needs."),
  missing: names.optional()
    .describe("Loader or libraries that are needed and not there."),
  missingPrograms: names.optional().describe(
    "Programs that are started, by entrypoint, command or a script's first line, and not there.",
  ),
  broken: names.optional().describe(
    "Started programs of deno compile that have lost their application, as strip does.",
  ),
  foreign: names.optional().describe(
    "Paths of started programs, their loader and libraries that are for another architecture than the image.",
  ),
});

/** Contents by directory, for the treemap; small ones are summed up. */
const treeSchema = z.object({
  name: z.string(),
  bytes,
  get children(): z.ZodOptional<z.ZodArray<typeof treeSchema>> {
    return z.array(treeSchema).optional();
  },
});

/** All that an image alone decides. */
export const analysisSchema = z.object({
  image: z.object({
    reference: z.string(),
    id: digest.describe("SHA-256 of the image's config."),
    architecture: z.string(),
  }),
  sizeBytes: bytes,
  layers: z.array(z.object({
    digest: digest.describe("Diff ID: SHA-256 of the uncompressed layer."),
    instruction: z.string(),
    sizeBytes: bytes,
    files: count.describe("Regular files in the layer."),
    shared: z.boolean().optional().describe(
      "Whether every service has the same layer that the same Deno has compiled; absent unless the program is split.",
    ),
  })),
  rootfs: z.object({ bytes, files: count }),
  wasteBytes: bytes,
  efficiency: z.number().min(0).max(1),
  wasted: z.array(wastedSchema).describe(
    "The largest wasted paths, largest first, the rest summed up by folder: the bytes add up to wasteBytes.",
  ),
  config: z.object({
    user: z.string(),
    entrypoint: names,
    cmd: names,
    env: names.describe(
      "NAME=value; … in place of a value that looks like a secret.",
    ),
    exposedPorts: names,
  }),
  surface: surfaceSchema,
  secrets: z.array(secretSchema).optional().describe(
    "Files that look like secrets or state, in any layer or in the compiled program.",
  ),
  program: programSchema.optional().describe(
    "What is in the binary made by deno compile.",
  ),
  permissions: permissionsSchema.optional(),
  contents: treeSchema.describe("Bytes of the rootfs by directory."),
});

/** What an intruder could use. */
export type Surface = z.infer<typeof surfaceSchema>;
export type TreeNode = z.infer<typeof treeSchema>;
export type Secret = z.infer<typeof secretSchema>;
export type ImageAnalysis = z.infer<typeof analysisSchema>;
