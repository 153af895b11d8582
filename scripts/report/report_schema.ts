/**
 * The shape of `report.json`, once: the types of the code, the published JSON
 * Schema and the check of an earlier report all come from here. What was not
 * measured is absent, never 0. @module
 */
import { z } from "zod";
import { analysisSchema } from "../inspect/inspect_schema.ts";
import { bytes, count, milliseconds } from "../lib/schema_units.ts";
import { CHECK_KINDS, type CheckList } from "./check_kinds.ts";

/** Median, 95th percentile and samples of one figure. */
const distribution = z.object({
  median: milliseconds,
  p95: milliseconds,
  runs: count.describe("How many runs the figures are taken from."),
  samples: z.array(milliseconds).describe("Each run, in the order taken."),
});

const checkSchema = z.object({
  name: z.string(),
  kind: z.enum(CHECK_KINDS.map(({ id }) => id)).optional()
    .describe("What it belongs to; absent: the list that it is in."),
  status: z.enum(["pass", "fail", "skip"]),
  detail: z.string().optional().describe("Why it failed or was skipped."),
});

// A list that is missing here is an error of types, one in vain too.
const checkLists = {
  contract: z.array(checkSchema).optional(),
  hardening: z.array(checkSchema).optional(),
  reproducible: z.array(checkSchema).optional().describe(
    "What a second build from nothing made the same. A skipped check differs only in what the engine cannot repeat.",
  ),
} satisfies Record<CheckList, unknown>;

const layer = analysisSchema.shape.layers.element.extend({
  gzipBytes: bytes.optional(),
  zstdBytes: bytes.optional(),
  pulledAgain: z.boolean().optional()
    .describe("Whether the next deploy transfers this layer again."),
});

export const variantSchema = analysisSchema.extend({
  name: z.string(),
  dockerfile: z.string().optional().describe(
    "Absent for images that existed already.",
  ),
  layers: z.array(layer),
  pullBytes: z.object({ gzip: bytes.optional(), zstd: bytes.optional() })
    .optional(),
  nextDeployBytes: bytes.optional(),
  ...checkLists,
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
    .describe("What was not measured and why, and what stands out."),
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
  next: z.string().optional().describe("What to do about it."),
});

/** A variant that was not built, for no fault of its own. */
const left = z.object({
  name: z.string(),
  dockerfile: z.string(),
  reason: z.string(),
});

/** One rule of the budget, held against one variant. */
const verdictSchema = z.object({
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
const growthSchema = z.object({
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
  surroundings: z.object({
    env: z.record(z.string(), z.string()).optional(),
    writable: z.array(z.string()).optional(),
  }).optional().describe("What every container was given, by the contract."),
  variants: z.array(variantSchema),
  failures: z.array(failure),
  skipped: z.array(left).optional()
    .describe("Variants that could not be built here, and why."),
  budgets: z.array(verdictSchema),
  growth: z.array(growthSchema).optional()
    .describe("Against the report given with --baseline."),
});

export type Check = z.infer<typeof checkSchema>;
export type Variant = z.infer<typeof variantSchema>;
export type Layer = Variant["layers"][number];
export type Distribution = z.infer<typeof distribution>;
export type Growth = z.infer<typeof growthSchema>;
export type Verdict = z.infer<typeof verdictSchema>;
export type Report = z.infer<typeof reportSchema>;
