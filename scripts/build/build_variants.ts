/**
 * Builds every variant, runs the tests that its Dockerfile has a stage for, and
 * reads its image. One that fails keeps the others' results.
 *
 * @module
 */
import {
  misspeltStage,
  parseDockerfile,
  testStages,
} from "../dockerfile/parse_dockerfile.ts";
import type { Engine } from "../engine/engine.ts";
import { RuntimeMissing } from "../engine/explain.ts";
import { EngineGone, EXIT, isOfEnvironment, UserError } from "../lib/errors.ts";
import { ownTag } from "../lib/owner.ts";
import { HOST } from "../lib/platform.ts";
import { imageTag } from "./image_tag.ts";
import { engineSource, look } from "./look.ts";
import { recordMade } from "./made_images.ts";
import { lacksBuilder, nothingToBuild } from "./plan_build.ts";
import {
  type Built,
  builtRuns,
  type RunContext,
  type VariantRun,
} from "./variant_run.ts";

/** Date of images that are to be reproducible: any will do, if it stays. */
const EPOCH = 0;

/**
 * @throws {UserError} When all fail for what the environment lacks, or are
 * skipped: a report of nothing but a full disk or a silent registry helps nobody.
 */
export async function buildVariants(
  runs: VariantRun[],
  context: RunContext,
): Promise<void> {
  const { engine, io, config } = context;
  for (const run of runs) {
    run.skip ??= lackOfBases(run, context);
    if (run.skip !== undefined) continue;
    try {
      const { tag, own } = run.built = await buildVariant(run, context);
      const source = engineSource(engine, tag, { name: own });
      run.looked = await io.progress.step(
        `Read ${run.name}`,
        () => look(source, io, { zstd: config.zstd }),
      );
    } catch (error) {
      if (!isOwnFailure(error, context)) throw error;
      if (error instanceof RuntimeMissing && run.varied) {
        run.skip = error.reason;
      } else run.failure = explainStage(run, error);
    }
  }
  if (builtRuns(runs).length > 0) return;
  const failures = runs.flatMap(({ failure }) => failure ?? []);
  if (failures.length === 0) throw nothingToBuild(runs);
  if (failures.every(isOfEnvironment)) throw failures[0];
}

/** The error for a stage that is not there, where that explains a build. */
function explainStage({ file }: VariantRun, error: UserError): UserError {
  const found = misspeltStage(parseDockerfile(file.text));
  if (found === undefined || !error.output?.includes(found.name)) return error;
  const message = `Cannot build "${file.dockerfile}"`;
  return new UserError(`${message}: there is no stage "${found.name}"`, {
    next: `Did you mean ${found.meant}?`,
    exitCode: EXIT.checkFailed,
    cause: error,
  });
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
): Built["options"] {
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
): Promise<Built> {
  const { name, file, tests } = run;
  const { config, engine, io, cleanup } = context;
  const options = optionsOf(run, context);
  const tag = imageTag(config.context, name, context.given);
  const own = ownTag(tag.slice(tag.lastIndexOf(":") + 1));
  cleanup.defer(() => removeImage(engine, own));
  return await io.progress.step(`Build ${name}`, async (say) => {
    const common = {
      ...options,
      context: config.context,
      dockerfile: file.dockerfile,
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
    const targets = tests ? testStages(parseDockerfile(file.text)) : [];
    for (const target of targets) {
      await engine.build({ ...common, target });
      say(`${target} passed`);
    }
    return { tag, own, options, seconds };
  });
}
