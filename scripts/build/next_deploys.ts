/**
 * What the next deploy of each variant transfers: one line of the service is
 * changed, it is built again, and the layers that are new are compressed.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { readImage } from "../image/read_image.ts";
import { cacheFolder } from "../lib/cache_folder.ts";
import { UserError } from "../lib/errors.ts";
import { readCache, writeCache } from "../lib/json_cache.ts";
import { nextDeploy } from "./next_deploy.ts";
import { ownTag } from "../lib/owner.ts";
import type { BuildContext, Built } from "./build_variant.ts";
import type { Variant } from "../report/report_schema.ts";
import { engineSource, type Looked } from "./look.ts";
import { layerSizes } from "./pull_sizes.ts";

/** The next deploy of one variant. */
export interface NextDeploy {
  /** Compressed bytes of the layers that are new. */
  bytes: number;
  /** Diff IDs of the layers of the present image that are not transferred again. */
  kept: Set<string>;
}

/** As it is kept between runs. */
const keptSchema = z.object({
  bytes: z.int().nonnegative(),
  kept: z.array(z.string()),
});

/**
 * Where the next deploy of an image is kept: the change is always the same, so
 * the same image built by the same Dockerfile has the same next deploy.
 */
function cacheFile(engine: string, { image, file }: Built & Looked): string {
  const key = createHash("sha256")
    .update(JSON.stringify([engine, image.id, file.text])).digest("hex");
  return join(cacheFolder(), "next-deploy", `${key}.json`);
}

type Figures = Pick<Variant, "layers" | "nextDeployBytes" | "notes">;

/**
 * Adds the next deploy to a variant's figures.
 *
 * @param figures The figures without it.
 * @param deploy What was measured, or why not.
 */
export function withNextDeploy<F extends Figures>(
  figures: F,
  deploy: NextDeploy | { note: string } | undefined,
): F {
  if (deploy === undefined) return figures;
  if ("note" in deploy) {
    return { ...figures, notes: [...figures.notes ?? [], deploy.note] };
  }
  return {
    ...figures,
    nextDeployBytes: deploy.bytes,
    layers: figures.layers.map((layer) => ({
      ...layer,
      pulledAgain: !deploy.kept.has(layer.digest),
    })),
  };
}

/**
 * Measures the next deploy of every variant.
 *
 * @returns Them by name; a variant whose changed build fails has a note instead.
 */
export async function nextDeploys(
  variants: (Built & Looked)[],
  { config, engine, io }: BuildContext,
): Promise<Map<string, NextDeploy | { note: string }>> {
  const found = new Map<string, NextDeploy | { note: string }>();
  for (const variant of variants) {
    await io.progress.step(`Next deploy of ${variant.name}`, async (say) => {
      try {
        found.set(variant.name, await one(variant, say));
      } catch (error) {
        if (!(error instanceof UserError) || io.signal.aborted) throw error;
        found.set(variant.name, { note: `next deploy: ${error.message}` });
      }
    });
  }
  return found;

  async function one(
    variant: Built & Looked,
    say: (line: string) => void,
  ): Promise<NextDeploy> {
    const cache = cacheFile(engine.name, variant);
    const known = keptSchema.safeParse(await readCache(cache));
    if (known.success) {
      say("known: neither the image nor its Dockerfile has changed");
      return { ...known.data, kept: new Set(known.data.kept) };
    }
    const before = variant.image.layers.map((layer) => layer.diffId);
    await using changed = await nextDeploy({
      engine,
      context: config.context,
      dockerfile: variant.file.dockerfile,
      diffIds: before,
      tag: ownTag("next-deploy"),
      build: (options) =>
        engine.build({ ...options, ...variant.options, onLine: say }),
      signal: io.signal,
    });
    const source = engineSource(engine, changed.tag);
    const image = await readImage(source, { signal: io.signal });
    const sizes = await layerSizes([{ source, image }], { zstd: false, io });
    const bytes = changed.newDiffIds.reduce((sum, diffId) => {
      const size = sizes.get(diffId);
      if (!size) throw new Error(`Layer ${diffId} has no compressed size`);
      return sum + size.gzipBytes;
    }, 0);
    const after = new Set(image.layers.map((layer) => layer.diffId));
    const kept = before.filter((diffId) => after.has(diffId));
    await writeCache(cache, { bytes, kept });
    return { bytes, kept: new Set(kept) };
  }
}
