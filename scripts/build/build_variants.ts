/**
 * Builds every variant, runs the tests that its Dockerfile has a stage for, and
 * reads its image. One that fails keeps the others' results.
 *
 * @module
 */
import {
  layerInstructions,
  misspeltStage,
  testStages,
} from "../dockerfile/parse_dockerfile.ts";
import { RuntimeMissing } from "../engine/explain.ts";
import { EXIT, isOfEnvironment, UserError } from "../lib/errors.ts";
import { ownTag } from "../lib/owner.ts";
import { HOST } from "../lib/platform.ts";
import { imageTag, recordMade } from "./image_tag.ts";
import { engineSource, look } from "./look.ts";
import { lacksBuilder, nothingToBuild } from "./prepare.ts";
import {
  type BuiltRun,
  isOwnFailure,
  removeImage,
  type RunContext,
  type VariantRun,
} from "./variant_run.ts";

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

/** Why the bases of this run keep a variant from being built, if they do. */
function lackOfBases(
  run: VariantRun,
  { bases, config }: RunContext,
): string | undefined {
  const assembled = bases.get(run.architecture)?.source === "packages" &&
    !config.buildArg.some(([name]) => name === "BUILDER_IMAGE");
  return assembled ? lacksBuilder(run) : undefined;
}

/** What every build of a variant has in common; its own arguments win. */
function optionsOf(
  { architecture, buildArgs }: VariantRun,
  { config, bases, cannotDate }: RunContext,
): BuiltRun["options"] {
  const dated = config.reproducible && cannotDate === undefined;
  return {
    buildArgs: {
      ...bases.get(architecture)?.buildArgs,
      ...Object.fromEntries(config.buildArg),
      ...buildArgs,
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
  const { dockerfile } = file;
  const { config, engine, io, cleanup } = context;
  const options = optionsOf(run, context);
  const tag = imageTag(config.context, name, context.given);
  const own = ownTag(tag.slice(tag.lastIndexOf(":") + 1));
  cleanup.defer(() => removeImage(engine, own));
  const seconds = await io.progress.step(`Build ${name}`, async (say) => {
    const common = {
      ...options,
      context: config.context,
      dockerfile,
      onLine: say,
      signal: io.signal,
    };
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
  const variant = { name, dockerfile, ...analysis, layers, build: { seconds } };
  return { own, options, image, variant };
}
