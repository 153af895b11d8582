/**
 * What has to be there before the first build. All that is given is read first, so
 * that a slip costs no build; then come the base images, and packages that a
 * Dockerfile copies from the context. These are installed there, so that whatever
 * mirror, proxy or token this machine uses for npm stays out of the images.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { type Bases, chooseBases } from "../bases/choose_bases.ts";
import { budgetSchema } from "../budget/budget_schema.ts";
import { checkBudget } from "../budget/hold_budget.ts";
import { contractSchema } from "../check/contract_schema.ts";
import { entryCandidates } from "../dockerfile/deno_command.ts";
import {
  findVariants,
  type VariantFile,
  variantNames,
} from "../dockerfile/find_variants.ts";
import {
  argDefaults,
  argNames,
  type Dockerfile,
  lastStages,
  testStages,
} from "../dockerfile/parse_dockerfile.ts";
import type { Engine } from "../engine/engine.ts";
import { explainInstall } from "../engine/explain.ts";
import { setUp } from "../engine/setup.ts";
import { CommandFailed, run } from "../lib/command.ts";
import { UserError } from "../lib/errors.ts";
import { isThere } from "../lib/files.ts";
import { schemaAddress } from "../lib/own_file.ts";
import { parseJson, readText } from "../lib/parse_json.ts";
import { type Architecture, architectureOf, HOST } from "../lib/platform.ts";
import type { Io } from "../lib/progress.ts";
import { suggest } from "../lib/suggest.ts";
import {
  checkReports,
  checkWritable,
  parseReport,
} from "../report/write_reports.ts";
import { clean } from "./image_tag.ts";
import {
  type BuildConfig,
  nothingToBuild,
  type VariantRun,
} from "./build_variants.ts";

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
      });
      if (foreign && staysHere(file)) {
        const skip =
          `its last stage is of the build machine's architecture, ${HOST}`;
        return [{ ...plan(), skip }];
      }
      const varied = vary.filter(([name]) => declares(file, name));
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
    if (files.some((file) => declares(file, name))) continue;
    const known = files.flatMap(argNames);
    const meant = suggest(name, known);
    const next = meant
      ? `Did you mean ${meant}?`
      : `Declare it in a Dockerfile with ARG ${name}`;
    const message = `Cannot ${verb} "${name}": no Dockerfile has this argument`;
    throw new UserError(message, { next });
  }
}

function declares(dockerfile: Dockerfile, argument: string): boolean {
  return argNames(dockerfile).includes(argument);
}

/** Whether the last stage, or the one it goes on from, is of the build's platform. */
export function staysHere(dockerfile: Dockerfile): boolean {
  const platform = lastStages(dockerfile)
    .find((stage) => stage.platform !== "")?.platform ?? "";
  return /\bBUILDPLATFORM\b/.test(platform);
}

const FOLDERS = ["node_modules", "vendor"];
/** Lock files from which Deno takes versions, into a deno.lock that it writes. */
const LOCKS = ["package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock"];

/** @throws {UserError} When a package cannot be had, with what fills the folders. */
export async function preparePackages(
  context: string,
  files: VariantFile[],
  io: Io,
): Promise<void> {
  const exists = (path: string) => isThere(join(context, path));
  const copied = FOLDERS.filter((name) =>
    files.some((file) => copiedFolders(file).includes(name))
  );
  const missing: string[] = [];
  for (const name of copied) if (!await exists(name)) missing.push(name);
  if (missing.length === 0) return;
  const entries = new Set<string>();
  for (const file of files) {
    for (const path of entryCandidates(file)) {
      if (!await exists(path)) continue;
      entries.add(path);
      break;
    }
    for (const path of testFiles(file)) {
      if (await exists(path)) entries.add(path);
    }
  }
  const hasTests = files.some((file) => testStages(file).length > 0);
  const locked = await exists("deno.lock");
  const others = await Promise.all(LOCKS.map(exists));
  const seeded = !locked && others.includes(true);
  const args = [
    "install",
    "--node-modules-dir=manual",
    ...copied.includes("vendor") ? ["--vendor"] : [],
    // A lock file is the service's own: it is used, and never written.
    locked ? "--frozen" : seeded ? "--frozen=false" : "--no-lock",
    ...hasTests ? [] : ["--prod"],
    ...["--entrypoint", ...entries],
  ];
  await io.progress.step("Packages", async (say) => {
    say(`${missing.join(" and ")} missing: deno install`);
    try {
      await run(Deno.execPath(), args, {
        cwd: context,
        env: { NO_COLOR: "1" },
        onLine: say,
        signal: io.signal,
      });
    } catch (cause) {
      if (!(cause instanceof CommandFailed)) throw cause;
      const go = resolve(context) === Deno.cwd() ? "" : `cd ${context} && `;
      const words = ["deno install --frozen=false --entrypoint", ...entries];
      throw explainInstall(cause, go + words.join(" "));
    } finally {
      const written = join(context, "deno.lock");
      if (seeded) await Deno.remove(written).catch(() => {});
    }
  });
}

/** Folders of packages that a Dockerfile takes from the context. */
function copiedFolders({ stages }: Dockerfile): string[] {
  return stages.flatMap(({ instructions }) => instructions)
    .filter(({ keyword, flags }) => keyword === "COPY" && !flags.has("from"))
    .flatMap(({ text }) => text.split(/\s+/).slice(0, -1))
    .map((path) => path.replace(/^\.?\//, "").replace(/\/+$/, ""));
}

function testFiles(dockerfile: Dockerfile): string[] {
  const names = testStages(dockerfile);
  return dockerfile.stages.filter(({ name }) => names.includes(name))
    .flatMap(({ instructions }) => instructions)
    .filter(({ keyword, text }) => keyword === "RUN" && /\btest\b/.test(text))
    .flatMap(({ text }) => text.split(/\s+/))
    .filter((word) => /\.[cm]?[jt]sx?$/.test(word));
}

/** Chooses or assembles the bases of each architecture in turn. */
export async function prepareBases(
  config: BuildConfig,
  files: VariantFile[],
  architectures: Iterable<Architecture>,
  engine: Engine,
  io: Io,
): Promise<Map<Architecture, Bases>> {
  const { BUILDER_IMAGE, RUNTIME_IMAGE } = Object.fromEntries(config.buildArg);
  const named: Record<string, string> = Object.assign(
    {},
    ...files.map(argDefaults),
  );
  const given = {
    wanted: config.bases,
    engine,
    defaults: {
      builder: BUILDER_IMAGE ?? named.BUILDER_IMAGE ?? "",
      runtime: RUNTIME_IMAGE ?? named.RUNTIME_IMAGE ?? "",
    },
    named: BUILDER_IMAGE !== undefined || RUNTIME_IMAGE !== undefined,
    refresh: config.refreshBases,
    denoFlags: await standInFlags(config.context),
  };
  const all = new Map<Architecture, Bases>();
  for (const architecture of architectures) {
    const foreign = architecture === HOST ? {} : { architecture };
    const title = architecture === HOST ? "Bases" : `Bases for ${architecture}`;
    await io.progress.step(title, async (say) => {
      const options = { onLine: say, signal: io.signal };
      const setup = (packages: string[]) => setUp(packages, options);
      const bases = await chooseBases({
        ...given,
        ...foreign,
        ...options,
        ...config.setup && { setup },
      });
      if (bases.source === "packages" && architecture === HOST) {
        io.note(`Bases: ${bases.reason}`);
        io.note(byHand(bases, config, engine));
      } else say(bases.reason);
      // What the user names goes into the builds, whatever was assembled.
      all.set(architecture, {
        ...bases,
        builder: BUILDER_IMAGE ?? bases.builder,
        runtime: RUNTIME_IMAGE ?? bases.runtime,
      });
    });
  }
  return all;
}

/** The command that builds with bases from packages without this tool. */
function byHand(
  { buildArgs }: Bases,
  { context }: BuildConfig,
  { name }: Engine,
): string {
  // OCI's config has no HEALTHCHECK; buildah leaves containers of stages.
  const flags = name === "docker" ? "" : "--format docker --layers --force-rm ";
  const args = Object.entries(buildArgs)
    .map(([name, value]) => `--build-arg '${name}=${value}' `).join("");
  return `To build by hand: ${name} build ${flags}${args}${context}`;
}

/** Flags for a context that brings its own stand-ins for jsr.io. */
async function standInFlags(context: string): Promise<string | undefined> {
  const map = "offline/import_map.json";
  return await isThere(join(context, map))
    ? `--import-map ${map} --no-lock`
    : undefined;
}
