/**
 * The shape of `report.json`, once: the types of the code, the published JSON
 * Schema and the check of an earlier report all come from here. What was not
 * measured is absent, never 0.
 *
 * @module
 */
import { z } from "zod";
import { bytes, count, digest, milliseconds } from "./schema_units.ts";

const distribution = z.object({
  median: milliseconds,
  p95: milliseconds,
  runs: count.describe("How many runs the figures are taken from."),
  samples: z.array(milliseconds).describe("Each run, in the order taken."),
});

/** One line of the contract, or one proof, and how it went. */
export const checkSchema = z.object({
  name: z.string(),
  status: z.enum(["pass", "fail", "skip"]),
  detail: z.string().optional().describe("Why it failed or was skipped."),
});

const layer = z.object({
  digest: digest.describe("Diff ID: SHA-256 of the uncompressed layer."),
  instruction: z.string(),
  sizeBytes: bytes,
  gzipBytes: bytes.optional(),
  zstdBytes: bytes.optional(),
  files: count.describe("Regular files in the layer."),
  pulledAgain: z.boolean().optional()
    .describe("Whether the next deploy transfers this layer again."),
});

const wasted = z.object({
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

const surface = z.object({
  runsAsRoot: z.boolean(),
  shells: z.array(z.string()),
  packageManagers: z.array(z.string()),
  setuid: z.array(z.string()),
  setgid: z.array(z.string()),
  worldWritable: z.array(z.string())
    .describe(
      "World-writable paths; directories with the sticky bit are not counted.",
    ),
  debianPackages: z.array(z.object({
    name: z.string(),
    version: z.string(),
    architecture: z.string(),
  })),
  certificates: z.boolean().describe("A CA bundle is there."),
  timeZones: z.boolean().describe("A time zone database is there."),
  interpreter: z.string().optional().describe(
    "Loader that the entrypoint asks for.",
  ),
  libraries: z.array(z.string()).optional().describe(
    "Libraries the entrypoint needs.",
  ),
  missing: z.array(z.string()).optional()
    .describe("Loader or libraries that are needed and not there."),
  foreign: z.array(z.string()).optional().describe(
    "Paths of started programs, their loader and libraries that are for another architecture than the image.",
  ),
});

const program = z.object({
  path: z.string(),
  bytes,
  runtimeBytes: bytes.describe(
    "The Deno runtime: the file without the payload.",
  ),
  applicationBytes: bytes.describe("The payload: modules, metadata, packages."),
  deno: z.string().optional(),
  v8: z.string().optional(),
  modules: z.array(z.object({ specifier: z.string(), bytes })),
  npm: z.array(z.object({ name: z.string(), version: z.string(), bytes })),
  assets: z.array(z.object({ path: z.string(), bytes })).optional()
    .describe("Embedded files that are neither modules nor in a package."),
});

const granted = z.union([z.literal("all"), z.array(z.string())]).optional();
const permissions = z.object({
  source: z.enum(["binary", "command"]).describe(
    "Compiled into the program, or flags of deno run in entrypoint and command.",
  ),
  net: granted,
  read: granted,
  write: granted,
  env: granted,
  run: granted,
  sys: granted,
  ffi: granted,
  import: granted.describe(
    "Hosts that code is loaded from at run time; a compiled program loads none.",
  ),
}).describe(
  "What Deno allows the program that the image starts. A kind that is absent is refused; what is denied by an exception counts as allowed.",
);

/** Contents by directory, for the treemap; small ones are summed up. */
export interface TreeNode {
  name: string;
  bytes: number;
  children?: TreeNode[];
}
const tree: z.ZodType<TreeNode> = z.object({
  name: z.string(),
  bytes,
  get children() {
    return z.array(tree).optional();
  },
});

/** One variant of the report. */
export const variantSchema = z.object({
  name: z.string(),
  dockerfile: z.string().optional().describe(
    "Absent for images that existed already.",
  ),
  image: z.object({
    reference: z.string(),
    id: digest.describe("SHA-256 of the image's config."),
    architecture: z.string(),
  }),
  sizeBytes: bytes,
  pullBytes: z.object({ gzip: bytes.optional(), zstd: bytes.optional() })
    .optional(),
  nextDeployBytes: bytes.optional(),
  layers: z.array(layer),
  rootfs: z.object({ bytes, files: count }),
  wasteBytes: bytes,
  efficiency: z.number().min(0).max(1),
  wasted: z.array(wasted).describe(
    "The largest wasted paths, largest first, the rest summed up by folder: the bytes add up to wasteBytes.",
  ),
  config: z.object({
    user: z.string(),
    entrypoint: z.array(z.string()),
    cmd: z.array(z.string()),
    env: z.array(z.string()),
    exposedPorts: z.array(z.string()),
  }),
  surface,
  program: program.optional().describe(
    "What is in the binary made by deno compile.",
  ),
  permissions: permissions.optional(),
  contents: tree.describe("Bytes of the rootfs by directory."),
  contract: z.array(checkSchema).optional(),
  hardening: z.array(checkSchema).optional(),
  reproducible: z.array(checkSchema).optional().describe(
    "What a second build from nothing made the same. A skipped check differs only in what the engine cannot repeat.",
  ),
  startMs: distribution.optional()
    .describe("Engine told to start until the first 200 from /health."),
  processStartMs: distribution.optional()
    .describe(
      "The program's part of it: from its own start, as the engine saw it, to that 200.",
    ),
  cpuMs: milliseconds.optional().describe(
    "CPU time of the start: user and system.",
  ),
  memoryBytes: z.object({
    idle: bytes.describe("Resident set after start."),
    loaded: bytes.optional().describe(
      "Resident set after a burst of requests.",
    ),
    peak: bytes.optional().describe("Largest resident set so far."),
  }).optional(),
  memoryFloorBytes: bytes.optional()
    .describe(
      "Smallest memory limit that serves a burst at half speed and stops cleanly.",
    ),
  notes: z.array(z.string()).optional()
    .describe("What was not measured, and why."),
  bases: z.object({ builder: z.string(), runtime: z.string() }).optional()
    .describe("Where they are not the report's: for another architecture."),
  build: z.object({ seconds: z.number().nonnegative() }).optional(),
});

/** A variant whose image could not be made. */
const failure = z.object({
  name: z.string(),
  dockerfile: z.string(),
  message: z.string(),
  output: z.string().optional().describe("The end of the build's output."),
});

/** A variant that was not built, for no fault of its own. */
const left = z.object({
  name: z.string(),
  dockerfile: z.string(),
  reason: z.string(),
});

/** One rule of the budget, held against one variant. */
export const verdictSchema = z.object({
  variant: z.string(),
  rule: z.string(),
  status: z.enum(["pass", "fail", "skip"]),
  unit: z.enum(["bytes", "milliseconds", "count", "fact"]),
  actual: z.union([z.number(), z.boolean()]).optional().describe(
    "Absent when skipped.",
  ),
  limit: z.union([z.number(), z.boolean()]),
  detail: z.string().optional(),
});

const change = z.object({
  name: z.string(),
  before: bytes.optional().describe("Absent when it is new."),
  after: bytes.optional().describe("Absent when it is gone."),
});

/** What became larger or smaller in one variant since an earlier report. */
export const growthSchema = z.object({
  variant: z.string(),
  size: change,
  pull: change.optional().describe(
    "With gzip; absent unless measured in both.",
  ),
  layers: z.array(change).describe("By instruction, largest change first."),
  paths: z.array(change).describe(
    "Files and directories, largest change first.",
  ),
  packages: z.array(change)
    .describe("Debian packages, npm packages and modules in the binary."),
});

/** The whole of `report.json`. */
export const reportSchema = z.object({
  $schema: z.string().optional(),
  schemaVersion: z.literal(1),
  createdAt: z.iso.datetime(),
  engine: z.object({ name: z.string(), version: z.string() }).optional(),
  bases: z.object({
    source: z.enum(["registry", "packages"]),
    builder: z.string(),
    runtime: z.string(),
    system: z.string().optional()
      .describe("What they are made of, such as Debian trixie, if known."),
    deno: z.string().optional(),
  }).optional(),
  baseline: z.string().describe(
    "Name of the variant the others are compared with.",
  ),
  variants: z.array(variantSchema),
  failures: z.array(failure),
  skipped: z.array(left).optional()
    .describe("Variants that could not be built here, and why."),
  budgets: z.array(verdictSchema),
  growth: z.array(growthSchema).optional()
    .describe("Against the report given with --baseline."),
});

/** One line of the contract, or one proof, and how it went. */
export type Check = z.infer<typeof checkSchema>;
/** One variant of the report. */
export type Variant = z.infer<typeof variantSchema>;
/** What an intruder could use. */
export type Surface = z.infer<typeof surface>;
/** A path that a later layer replaced or deleted. */
export type Wasted = z.infer<typeof wasted>;
/** What is in a program made by `deno compile`. */
export type Program = z.infer<typeof program>;
/** What Deno allows a program. */
export type Permissions = z.infer<typeof permissions>;
/** Median, 95th percentile and samples of one figure. */
export type Distribution = z.infer<typeof distribution>;
/** What became larger or smaller in one variant since an earlier report. */
export type Growth = z.infer<typeof growthSchema>;
/** One rule of the budget, held against one variant. */
export type Verdict = z.infer<typeof verdictSchema>;
/** The whole of `report.json`. */
export type Report = z.infer<typeof reportSchema>;
