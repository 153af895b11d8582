/**
 * What a registry would send of an image, layer by layer.
 *
 * @module
 */
import { join } from "node:path";
import {
  compressLayers,
  type CompressOptions,
} from "../image/compress_layers.ts";
import type { Image, ImageSource } from "../image/model.ts";
import { cacheFailure, cacheFolder } from "../lib/cache.ts";
import type { Io } from "../lib/progress.ts";
import { sumIfAll } from "../report/figures.ts";
import type { Variant } from "../report/report_schema.ts";

/** Compressed bytes of layers, by diff ID. */
export type LayerSizes = Map<string, { gzipBytes: number; zstdBytes?: number }>;

/** How layers are compressed while their image is read, so that it is read once. */
export function compression(zstd: boolean): CompressOptions {
  return { cacheDir: join(cacheFolder(), "layers"), zstd };
}

export async function layerSizes(
  looked: { source: ImageSource; image: Image }[],
  { zstd, io }: { zstd: boolean; io: Io },
): Promise<LayerSizes> {
  const sizes: LayerSizes = new Map();
  await Promise.all(looked.map(async ({ source, image }) => {
    const found = await compressLayers(source, image, {
      ...compression(zstd),
      signal: io.signal,
    });
    for (const [diffId, size] of found) sizes.set(diffId, size);
  }));
  return sizes;
}

/** Says that the next run will take as long as this one, if it will. */
export function tellCacheFailure(io: Pick<Io, "note">): void {
  const failure = cacheFailure();
  if (failure === undefined) return;
  io.note(`Nothing was kept for the next run in ${cacheFolder()}: ${failure}`);
}

export function withPull(
  layers: Variant["layers"],
  sizes: LayerSizes,
): Pick<Variant, "layers" | "pullBytes"> {
  const sized = layers.map((layer) => ({
    ...layer,
    ...sizes.get(layer.digest),
  }));
  // A registry sends a blob once, however many layers it is.
  const blobs = new Map(sized.map((layer) => [layer.digest, layer])).values()
    .toArray();
  return {
    layers: sized,
    pullBytes: {
      gzip: sumIfAll(blobs.map(({ gzipBytes }) => gzipBytes)),
      zstd: sumIfAll(blobs.map(({ zstdBytes }) => zstdBytes)),
    },
  };
}
