/**
 * Builds one variant, and the tests that its Dockerfile has a stage for.
 *
 * @module
 */
import type { Bases } from "../bases/choose_bases.ts";
import type { BuildConfig } from "./config.ts";
import { EngineGone, UserError } from "../lib/errors.ts";
import type { VariantFile } from "../dockerfile/find_variants.ts";
import { parseDockerfile, testStages } from "../dockerfile/parse_dockerfile.ts";
import { formatDuration } from "../lib/format.ts";
import type { Io } from "../lib/io.ts";
import type { BuildOptions, Engine } from "../engine/engine.ts";
import { type Architecture, HOST } from "../lib/platform.ts";
import { ownTag } from "../lib/owner.ts";
import { imageTag } from "./image_tag.ts";
import type { Plan } from "./plan_variants.ts";

/** Date of images that are to be reproducible: any will do, if it stays. */
const EPOCH = 0;

/** A variant that was built. */
export interface Built {
  name: string;
  file: VariantFile;
  /** Tag of its image. */
  tag: string;
  /** A tag that this run alone uses, as another may move `tag` meanwhile. */
  own: string;
  architecture: Architecture;
  /** What it is built with, whenever it is built again. */
  options: Pick<BuildOptions, "buildArgs" | "platform" | "timestamp">;
  seconds: number;
}

/** What a build needs beside the Dockerfile. */
export interface BuildContext {
  config: BuildConfig;
  engine: Engine;
  /** For each architecture that is built for. */
  bases: Map<Architecture, Bases>;
  /** What images are called in place of the context's name. */
  given?: { name: string; several: boolean };
  /** As for {@linkcode Engine}, on these bases. */
  cannotDate?: string;
  io: Io;
  /** Takes away what the run alone needed, at its end. */
  cleanup: AsyncDisposableStack;
}

/** What every build of a variant has in common; its own arguments win. */
function optionsOf(
  { architecture, buildArgs }: Plan,
  { config, bases, cannotDate }: BuildContext,
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

/**
 * Runs the test stage if there is one, then builds the variant.
 *
 * @returns What was built, or why it was not.
 */
export async function buildVariant(
  plan: Plan,
  context: BuildContext,
): Promise<Built | UserError> {
  const { name, file, architecture, tests } = plan;
  const { config, engine, io, cleanup } = context;
  const again = optionsOf(plan, context);
  const options = {
    ...again,
    context: config.context,
    dockerfile: file.dockerfile,
    signal: io.signal,
  };
  const tag = imageTag(config.context, name, context.given);
  const own = ownTag(tag.slice(tag.lastIndexOf(":") + 1));
  cleanup.defer(() => removeImage(engine, own));
  try {
    return await io.progress.step(`Build ${name}`, async (say) => {
      const start = performance.now();
      const noCache = config.reproducible;
      await engine.build({
        ...options,
        tag,
        alias: own,
        noCache,
        onLine: say,
      });
      const seconds = (performance.now() - start) / 1000;
      for (
        const target of tests ? testStages(parseDockerfile(file.text)) : []
      ) {
        await engine.build({ ...options, target, onLine: say });
        say(`${target} passed`);
      }
      say(formatDuration(seconds * 1000));
      return { name, file, tag, own, architecture, options: again, seconds };
    });
  } catch (error) {
    if (
      !(error instanceof UserError) || error instanceof EngineGone ||
      io.signal.aborted
    ) throw error;
    return error;
  }
}

/** Removes an image that may not be there; what still uses it keeps it. */
export async function removeImage(
  engine: Engine,
  image: string,
): Promise<void> {
  if (await engine.inspect(image) !== undefined) await engine.remove(image);
}
