/**
 * One variant on its way from Dockerfile to verdict, to which each step of a run
 * adds; what was not done is absent. Builds every variant, runs the tests that its
 * Dockerfile has a stage for, and reads its image. One that fails keeps the others'
 * results.
 *
 * @module
 */
import { join } from "node:path";
import type { Bases } from "../bases/choose_bases.ts";
import type { VariantFile } from "../dockerfile/find_variants.ts";
import { entryCandidates } from "../dockerfile/deno_command.ts";
import {
  argNames,
  type Dockerfile,
  lastStages,
  layerInstructions,
  misspeltStage,
  testStages,
} from "../dockerfile/parse_dockerfile.ts";
import type { BuildOptions, Engine } from "../engine/engine.ts";
import { RuntimeMissing } from "../engine/explain.ts";
import type { EngineChoice } from "../engine/find_engine.ts";
import type { Image } from "../image/model.ts";
import { EngineGone, EXIT, isOfEnvironment, UserError } from "../lib/errors.ts";
import { isFile } from "../lib/files.ts";
import { ownTag } from "../lib/owner.ts";
import {
  type Architecture,
  architectureOf,
  HOST,
  type Platform,
} from "../lib/platform.ts";
import type { Io } from "../lib/progress.ts";
import { suggest } from "../lib/suggest.ts";
import type { Variant } from "../report/report_schema.ts";
import { clean, imageTag, recordMade } from "./image_names.ts";
import { engineSource, look } from "./look.ts";

/** What a run is asked for. */
export interface BuildConfig extends EngineChoice {
  json: boolean;
  context: string;
  /** Dockerfiles to build; empty: all of the context. */
  file: string[];
  bases: "auto" | "registry" | "packages";
  refreshBases: boolean;
  buildArg: [name: string, value: string][];
  /** What images are for; empty: this machine. */
  platform: Platform[];
  /** Arguments and values to build every Dockerfile that has them with, once more. */
  vary: [name: string, value: string][];
  /** What the images are called in place of the context's name. */
  tag?: string;
  /** A variant to compare with. */
  against?: string;
  /** Counted starts. */
  runs: number;
  zstd: boolean;
  /** Only build, inspect and check the contract. */
  quick: boolean;
  /** Build everything from nothing, twice. */
  reproducible: boolean;
  memoryFloor: boolean;
  out: string;
  contract?: string;
  budget?: string;
  /** An earlier report.json that growth is compared with. */
  baseline?: string;
  writeBaseline?: string;
  junit?: string;
}

export interface VariantRun {
  /** The Dockerfile's, with the value that is varied and a foreign architecture. */
  name: string;
  file: VariantFile;
  architecture: Architecture;
  /** The argument that this variant differs in: it is tried beside the others. */
  varied?: [name: string, value: string];
  /** Whether the Dockerfile's tests run with it: once is enough. */
  tests: boolean;
  /** Why it is not built, if it is not. */
  skip?: string;
  failure?: UserError;
}

/** A variant whose image was built and read. */
export interface BuiltRun extends VariantRun {
  /** A tag that this run alone uses, as another may move the image's name. */
  own: string;
  /** How to build it again. */
  options: BuildOptions;
  image: Image;
  /** What the report says of it. */
  variant: Variant;
}

export interface RunContext {
  config: BuildConfig;
  engine: Engine;
  bases: Map<Architecture, Bases>;
  /** What images are called in place of the context's name. */
  given?: { name: string; several: boolean };
  /** Why the engine cannot date files, on these bases. */
  cannotDate?: string;
  io: Io;
  /** Takes away what the run alone needed, at its end. */
  cleanup: AsyncDisposableStack;
}

/** Notes what was not measured and why, or what stands out. */
export function note({ variant }: BuiltRun, ...texts: string[]): void {
  if (texts.length > 0) variant.notes = [...variant.notes ?? [], ...texts];
}

/** Whether an error says something of one variant alone. */
export function isOwnFailure(
  error: unknown,
  { io }: Pick<RunContext, "io">,
): error is UserError {
  return error instanceof UserError && !(error instanceof EngineGone) &&
    !io.signal.aborted;
}

/** Removes an image that may not be there; what still uses it keeps it. */
export async function removeImage(
  engine: Pick<Engine, "inspect" | "remove">,
  image: string,
): Promise<void> {
  if (await engine.inspect(image) !== undefined) await engine.remove(image);
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
  checkArguments(files, vary, "vary");
  checkArguments(files, buildArg, "pass");
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
        varied,
        tests: varied === undefined && architecture === architectures[0],
      });
      if (foreign && staysHere(file)) {
        const skip =
          `its last stage is of the build machine's architecture, ${HOST}`;
        return { ...plan(), skip };
      }
      const varied = vary.filter(([name]) => argNames(file).includes(name));
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
  const known = files.flatMap(argNames);
  const unknown = given.map(([name]) => name).find((name) =>
    !known.includes(name) && !(verb === "pass" && PREDEFINED.test(name))
  );
  if (unknown === undefined) return;
  const meant = suggest(unknown, known);
  throw new UserError(
    `Cannot ${verb} "${unknown}": no Dockerfile has this argument`,
    {
      next: meant
        ? `Did you mean ${meant}?`
        : `Declare it in a Dockerfile with ARG ${unknown}`,
    },
  );
}

/** Whether the last stage, or the one it goes on from, is of the build's platform. */
export function staysHere(dockerfile: Dockerfile): boolean {
  const platform = lastStages(dockerfile)
    .find((stage) => stage.platform !== "")?.platform ?? "";
  return /\bBUILDPLATFORM\b/.test(platform);
}

/** The module that a Dockerfile compiles or runs, if it is in the context. */
export async function findEntry(
  context: string,
  file: Dockerfile,
): Promise<string | undefined> {
  for (const candidate of entryCandidates(file)) {
    if (await isFile(join(context, candidate))) return candidate;
  }
}

/** Date of images that are to be reproducible: any will do, if it stays. */
const EPOCH = 0;

/**
 * @returns Those that were built.
 * @throws {UserError} When all fail for what the environment lacks, or are
 * skipped: a report of nothing but a full disk or a silent registry helps nobody.
 */
export async function buildVariants(
  runs: VariantRun[],
  context: RunContext,
): Promise<BuiltRun[]> {
  const built: BuiltRun[] = [];
  for (const run of runs) {
    run.skip ??= lackOfBases(run, context);
    if (run.skip !== undefined) continue;
    try {
      built.push(Object.assign(run, await buildVariant(run, context)));
    } catch (error) {
      if (!isOwnFailure(error, context)) throw error;
      if (error instanceof RuntimeMissing && run.varied) {
        run.skip = error.reason;
      } else run.failure = explainStage(run, error);
    }
  }
  if (built.length > 0) return built;
  const failures = runs.flatMap(({ failure }) => failure ?? []);
  if (failures.length === 0) throw nothingToBuild(runs);
  if (failures.every(isOfEnvironment)) throw failures[0];
  return [];
}

/** The error for a stage that is not there, where that explains a build. */
function explainStage({ file }: VariantRun, error: UserError): UserError {
  const found = misspeltStage(file);
  if (found === undefined || !error.output?.includes(found.name)) return error;
  const message = `Cannot build "${file.dockerfile}"`;
  return new UserError(`${message}: there is no stage "${found.name}"`, {
    next: `Did you mean ${found.meant}?`,
    exitCode: EXIT.checkFailed,
    cause: error,
  });
}

export function nothingToBuild(
  skipped: Pick<VariantRun, "name" | "skip">[],
): UserError {
  const reasons = skipped.map(({ name, skip }) => `${name}: ${skip}`);
  return new UserError(`Cannot build any variant: ${reasons.join("; ")}`, {
    next: "Choose other Dockerfiles with --file, or another --platform",
  });
}

/** Why the bases of this run keep a variant from being built, if they do. */
export function lackOfBases(
  { file, architecture }: Pick<VariantRun, "file" | "architecture">,
  { bases, config }: Pick<RunContext, "bases"> & {
    config: Pick<BuildConfig, "buildArg">;
  },
): string | undefined {
  const assembled = bases.get(architecture)?.source === "packages" &&
    !config.buildArg.some(([name]) => name === "BUILDER_IMAGE");
  if (!assembled || architecture === HOST) return undefined;
  // The builder from packages is of this machine's architecture.
  const foreign = file.stages.some(({ platform, base }) =>
    /\bBUILDER_IMAGE\b/.test(base) && !/\bBUILDPLATFORM\b/.test(platform)
  );
  return foreign
    ? `it takes files from a builder for ${architecture}, and the one from packages is for ${HOST}`
    : undefined;
}

/** What every build of a variant has in common; its own arguments win. */
function optionsOf(
  { file, architecture, varied }: VariantRun,
  { config, bases, cannotDate, io }: RunContext,
): BuildOptions {
  const dated = config.reproducible && cannotDate === undefined;
  return {
    context: config.context,
    dockerfile: file.dockerfile,
    signal: io.signal,
    buildArgs: {
      ...bases.get(architecture)?.buildArgs,
      ...Object.fromEntries(config.buildArg),
      ...varied && { [varied[0]]: varied[1] },
    },
    ...architecture === HOST ? {} : { platform: `linux/${architecture}` },
    ...dated ? { timestamp: EPOCH } : {},
  };
}

async function buildVariant(
  run: VariantRun,
  context: RunContext,
): Promise<Pick<BuiltRun, "own" | "options" | "image" | "variant">> {
  const { name, file, tests } = run;
  const { config, engine, io, cleanup } = context;
  const options = optionsOf(run, context);
  const tag = imageTag(config.context, name, context.given);
  const own = ownTag(tag.slice(tag.lastIndexOf(":") + 1));
  cleanup.defer(() => removeImage(engine, own));
  const seconds = await io.progress.step(`Build ${name}`, async (say) => {
    const common = { ...options, onLine: say };
    const start = performance.now();
    const noCache = config.reproducible;
    await engine.build({ ...common, tag, alias: own, noCache });
    const seconds = (performance.now() - start) / 1000;
    // What is given a name is meant to stay.
    if (context.given === undefined) {
      await recordMade(tag, { engine, context: config.context }, own);
    }
    for (const target of tests ? testStages(file) : []) {
      await engine.build({ ...common, target });
      say(`${target} passed`);
    }
    return seconds;
  });
  const source = engineSource(engine, tag, { name: own });
  const { image, analysis } = await io.progress.step(
    `Read ${name}`,
    () => look(source, io, { zstd: config.zstd }),
  );
  const instructions = layerInstructions(
    analysis.layers.map(({ instruction }) => instruction),
    file,
  );
  const layers = analysis.layers.map((layer, at) => ({
    ...layer,
    instruction: instructions[at],
  }));
  const { dockerfile } = file;
  const variant = { name, dockerfile, ...analysis, layers, build: { seconds } };
  return { own, options, image, variant };
}
