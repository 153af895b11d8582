/**
 * Builds every variant a second time from nothing and compares the images.
 *
 * @module
 */
import { proveReproducible } from "./prove_reproducible.ts";
import { readImage } from "../image/read_image.ts";
import { EngineGone, UserError } from "../lib/errors.ts";
import { ownTag } from "../lib/owner.ts";
import type { Check } from "../report/report_schema.ts";
import { type BuildContext, type Built, removeImage } from "./build_variant.ts";
import { engineSource, type Looked } from "./look.ts";

/**
 * Reproduces variants that were built from nothing.
 *
 * @returns The checks of each, by name; a second build that fails is a failed one.
 */
export async function reproduce(
  variants: (Built & Looked)[],
  context: BuildContext,
): Promise<Map<string, Check[]>> {
  const { io } = context;
  const found = new Map<string, Check[]>();
  for (const variant of variants) {
    await io.progress.step(`Build ${variant.name} again`, async (say) => {
      const checks = await buildAgain(variant, context, say);
      say(summary(checks));
      found.set(variant.name, checks);
    });
  }
  return found;
}

async function buildAgain(
  variant: Built & Looked,
  { config, engine, cannotDate, io }: BuildContext,
  say: (line: string) => void,
): Promise<Check[]> {
  const tag = ownTag("again");
  try {
    await engine.build({
      ...variant.options,
      context: config.context,
      dockerfile: variant.file.dockerfile,
      tag,
      noCache: true,
      discardSteps: true,
      onLine: say,
      signal: io.signal,
    });
    const source = engineSource(engine, tag);
    const image = await readImage(source, { signal: io.signal });
    return proveReproducible(variant.image, image, cannotDate);
  } catch (error) {
    if (
      !(error instanceof UserError) || error instanceof EngineGone ||
      io.signal.aborted
    ) throw error;
    const detail = [error.message, error.output].filter(Boolean).join("\n");
    return [{ name: "second build", status: "fail", detail }];
  } finally {
    await removeImage(engine, tag);
  }
}

function summary(checks: Check[]): string {
  const unlike = checks.filter(({ status }) => status !== "pass")
    .map(({ name }) => name);
  return unlike.length === 0
    ? "identical"
    : `not identical: ${unlike.join(", ")}`;
}
