/**
 * The shape of `budget.json`: the limits a team sets for all variants and for
 * single ones. The published JSON Schema is made from it.
 *
 * @module
 */
import { z } from "zod";
import { parseJson } from "../lib/parse_json.ts";

const UNITS: Record<string, number> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};
const SIZE = /^(\d+(?:\.\d+)?) ?(B|kB|MB|GB|KiB|MiB|GiB)$/;
const DURATION = /^(\d+(?:\.\d+)?) ?(ms|s)$/;
const PERCENT = /^(\d+(?:\.\d+)?) ?%$/;

const size = text(SIZE, 'a size such as "100 MB" or "64 MiB"');
const duration = text(DURATION, 'a duration such as "300 ms" or "2 s"');
const percent = text(PERCENT, 'a share such as "5 %"');
const count = z.int().nonnegative();
const fact = z.boolean();

function text(shape: RegExp, what: string) {
  const expected = `expected ${what}`;
  return z.string(expected).regex(shape, expected);
}

const growth = z.strictObject({
  size: percent.optional().describe("Growth of the size."),
  pull: percent.optional().describe("Growth of the gzip pull."),
  nextDeploy: percent.optional().describe("Growth of the next deploy."),
  memory: percent.optional().describe("Growth of the idle resident set."),
  start: percent.optional().describe("Growth of the median start."),
  floor: size.default("1 MB")
    .describe(
      "Growth in bytes that is never held against an image, whatever its share.",
    ),
  startFloor: duration.default("50 ms")
    .describe("Growth of the start that is never held against an image."),
});

const rules = z.strictObject({
  size: size.optional().describe("Largest size."),
  pull: size.optional().describe("Largest gzip pull."),
  nextDeploy: size.optional().describe("Largest next deploy, gzip."),
  layers: count.optional().describe("Most layers."),
  layer: size.optional().describe("Largest size of any single layer."),
  waste: size.optional().describe("Most waste."),
  files: count.optional().describe("Most regular files in the rootfs."),
  start: duration.optional().describe("Longest median start."),
  memory: size.optional().describe("Largest resident set, idle after start."),
  packages: count.optional().describe("Most Debian packages."),
  notRoot: fact.optional().describe("The image's user is not root."),
  noShell: fact.optional().describe("No shell is in the image."),
  noSetuid: fact.optional().describe(
    "No setuid or setgid file is in the image.",
  ),
  noSecrets: fact.optional().describe(
    "No file that looks like a secret or like state is in any layer or in the program.",
  ),
  noEgress: fact.optional().describe(
    "Deno's permissions let the program connect to no other host.",
  ),
  contract: fact.optional().describe("Every line of the contract holds."),
  growth: growth.optional().describe(
    "Against the report given with --baseline.",
  ),
});

/** What `budget.json` may say. */
export const budgetSchema = z.strictObject({
  $schema: z.string().optional(),
  all: rules.optional().describe("Holds for every variant."),
  variants: z.record(z.string(), rules).optional()
    .describe("By the name of a variant; its rules come before those for all."),
});

/** The rules for one variant. */
export type Rules = z.infer<typeof rules>;
/** What `budget.json` says. */
export type Budget = z.infer<typeof budgetSchema>;

/**
 * Reads a budget.
 *
 * @param text The JSON.
 * @param file Its path, for messages.
 * @throws {UserError} For anything the schema does not know.
 */
export function parseBudget(text: string, file: string): Budget {
  return parseJson(text, file, budgetSchema);
}

/** Bytes of a size such as `100 MB`. */
export function bytesOf(text: string): number {
  const [, number, unit] = SIZE.exec(text) ?? [];
  return Math.round(Number(number) * UNITS[unit]);
}

/** Milliseconds of a duration such as `2 s`. */
export function millisecondsOf(text: string): number {
  const [, number, unit] = DURATION.exec(text) ?? [];
  return Number(number) * (unit === "s" ? 1000 : 1);
}

/** The fraction, 0.05, of a share such as `5 %`. */
export function fractionOf(text: string): number {
  return Number(PERCENT.exec(text)?.[1]) / 100;
}
