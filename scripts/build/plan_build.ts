/**
 * Everything that a build is given, read before anything is built: a slip must not
 * cost a build.
 *
 * @module
 */
import { join } from "node:path";
import { budgetSchema } from "../budget/budget_schema.ts";
import { checkBudget } from "../budget/hold_budget.ts";
import { contractSchema } from "../check/contract_schema.ts";
import {
  findVariants,
  type VariantFile,
  variantNames,
} from "../dockerfile/find_variants.ts";
import {
  argNames,
  lastStages,
  parseDockerfile,
} from "../dockerfile/parse_dockerfile.ts";
import { UserError } from "../lib/errors.ts";
import { schemaAddress } from "../lib/own_file.ts";
import { parseJson, readText } from "../lib/parse_json.ts";
import { architectureOf, HOST } from "../lib/platform.ts";
import { suggest } from "../lib/suggest.ts";
import {
  checkReports,
  checkWritable,
  parseReport,
} from "../report/write_reports.ts";
import { clean } from "./image_tag.ts";
import type { BuildConfig, VariantRun } from "./variant_run.ts";

/** @throws {UserError} For whatever cannot be used, or written in the end. */
export async function readGiven(config: BuildConfig) {
  const files = await findVariants(config.context, config.file);
  const runs = planVariants(files, config);
  const names = runs.filter(({ skip }) => skip === undefined)
    .map(({ name }) => name);
  if (names.length === 0) throw nothingToBuild(runs);
  const baseline = chooseBaseline(names, config.against);
  const contract = await readOptional(config, "contract", contractSchema);
  const budget = await readOptional(config, "budget", budgetSchema) ?? {};
  const known = await variantNames(config.context);
  checkBudget(budget, [
    ...new Set([...runs.map(({ name }) => name), ...known]),
  ]);
  const earlier = config.baseline === undefined
    ? undefined
    : parseReport(await readText(config.baseline), config.baseline);
  await checkReports(config.out);
  for (const file of [config.writeBaseline, config.junit]) {
    if (file !== undefined) await checkWritable(file);
  }
  return { runs, baseline, contract, budget, earlier };
}

function chooseBaseline(names: string[], wanted: string | undefined): string {
  if (wanted === undefined) {
    return names.includes("single-stage") ? "single-stage" : names[0];
  }
  if (names.includes(wanted)) return wanted;
  throw new UserError(
    `Cannot compare with "${wanted}": there is no such variant`,
    { next: `Choose one of ${names.join(", ")} with --against` },
  );
}

/** The file that was named, or the context's own if it has one. */
async function readOptional<T extends Parameters<typeof parseJson>[2]>(
  config: BuildConfig,
  what: "contract" | "budget",
  schema: T,
) {
  const file = config[what] ?? join(config.context, `${what}.json`);
  // A link to nothing is a slip.
  const isThere = () => Deno.lstat(file).then(() => true, () => false);
  if (config[what] === undefined && !await isThere()) return undefined;
  const address = schemaAddress(what);
  const next =
    `Fix the file; "$schema": "${address}" in it lets an editor check it while you type`;
  return parseJson(await readText(file), file, schema, { next });
}

/**
 * Each Dockerfile for each platform, this machine's first, and once more for each
 * value that `--vary` gives one of its arguments.
 */
export function planVariants(
  files: VariantFile[],
  config: Pick<BuildConfig, "platform" | "vary" | "buildArg">,
): VariantRun[] {
  const { platform, vary, buildArg } = config;
  const passed = buildArg.filter(([name]) => !PREDEFINED.test(name));
  checkArguments(files, vary, "vary");
  checkArguments(files, passed, "pass");
  const architectures = platform.length === 0
    ? [HOST]
    : platform.map(architectureOf)
      .sort((a, b) => Number(b === HOST) - Number(a === HOST));
  const plans: VariantRun[] = architectures.flatMap((architecture) =>
    files.flatMap((file) => {
      const foreign = architecture !== HOST;
      const suffix = foreign ? `-${architecture}` : "";
      const plan = (varied?: [name: string, value: string]) => ({
        name: file.name + (varied ? `-${clean(varied[1])}` : "") + suffix,
        file,
        architecture,
        buildArgs: Object.fromEntries(varied ? [varied] : []),
        varied: varied !== undefined,
        tests: varied === undefined && architecture === architectures[0],
        checks: {},
        figures: {},
        notes: [],
      });
      if (foreign && staysHere(file.text)) {
        const skip =
          `its last stage is of the build machine's architecture, ${HOST}`;
        return [{ ...plan(), skip }];
      }
      const varied = vary.filter(([name]) => declares(file.text, name));
      return [plan(), ...varied.map(plan)];
    })
  );
  for (const { name } of plans) {
    if (plans.filter((plan) => plan.name === name).length > 1) {
      throw new UserError(`Cannot tell variants apart: two are "${name}"`, {
        next: "Rename a Dockerfile, or leave out one of --vary",
      });
    }
  }
  return plans;
}

/** Arguments that builders know without a declaration. */
const PREDEFINED =
  /^(?:(?:https?|ftp|no|all)_proxy|SOURCE_DATE_EPOCH|BUILDKIT_.+|(?:BUILD|TARGET)(?:PLATFORM|OS|ARCH|VARIANT))$/i;

/** Refuses arguments that no Dockerfile declares: they would change nothing. */
function checkArguments(
  files: VariantFile[],
  given: BuildConfig["buildArg"],
  verb: "vary" | "pass",
): void {
  for (const [name] of given) {
    if (files.some(({ text }) => declares(text, name))) continue;
    const known = files.flatMap(({ text }) => argNames(parseDockerfile(text)));
    const meant = suggest(name, known);
    const next = meant
      ? `Did you mean ${meant}?`
      : `Declare it in a Dockerfile with ARG ${name}`;
    const message = `Cannot ${verb} "${name}": no Dockerfile has this argument`;
    throw new UserError(message, { next });
  }
}

function declares(dockerfile: string, argument: string): boolean {
  return argNames(parseDockerfile(dockerfile)).includes(argument);
}

/** Why it cannot take the builder from packages, which is of this architecture. */
export function lacksBuilder(
  { file, architecture }: Pick<VariantRun, "file" | "architecture">,
): string | undefined {
  if (architecture === HOST) return undefined;
  const foreign = parseDockerfile(file.text).stages.some(({ platform, base }) =>
    /\bBUILDER_IMAGE\b/.test(base) && !/\bBUILDPLATFORM\b/.test(platform)
  );
  return foreign
    ? `it takes files from a builder for ${architecture}, and the one from packages is for ${HOST}`
    : undefined;
}

export function nothingToBuild(
  skipped: Pick<VariantRun, "name" | "skip">[],
): UserError {
  const reasons = skipped.map(({ name, skip }) => `${name}: ${skip}`);
  return new UserError(`Cannot build any variant: ${reasons.join("; ")}`, {
    next: "Choose other Dockerfiles with --file, or another --platform",
  });
}

/** Whether the last stage, or the one it goes on from, is of the build's platform. */
export function staysHere(dockerfile: string): boolean {
  const platform = lastStages(parseDockerfile(dockerfile))
    .find((stage) => stage.platform !== "")?.platform ?? "";
  return /\bBUILDPLATFORM\b/.test(platform);
}
