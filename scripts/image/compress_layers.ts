/**
 * How large the layers of an image are in a registry. Layers that the archive
 * holds compressed are taken at their word, since their digests were checked; the
 * others are compressed for real, each once, on all cores, and remembered.
 *
 * @module
 */
import { UserError } from "../lib/errors.ts";
import type { Image, ImageSource, Layer } from "./model.ts";
import { join } from "node:path";
import { readCache, writeCache } from "../lib/json_cache.ts";
import { toUserError } from "./archive_error.ts";
import {
  type CompressedSize,
  CompressPool,
  LayerCompressor,
} from "./layer_compressor.ts";
import { Limits } from "./limits.ts";
import { openSource } from "./open_source.ts";

/** Where and what {@linkcode compressLayers} keeps and computes. */
export interface CompressLayersOptions {
  /** Folder of sizes found before; made when it is not there. */
  cacheDir: string;
  /** Tell the size in zstd (level 3) too. */
  zstd?: boolean;
  signal?: AbortSignal;
}

/** Compressed bytes of a layer. */
export interface LayerSize {
  gzipBytes: number;
  zstdBytes?: number;
}

/** Layers that are being compressed, for whichever image came first. */
const running = new Map<string, Promise<CompressedSize>>();

/**
 * Tells the compressed size of each layer.
 *
 * @param source Where the image was read from; not opened when all is known.
 * @param image As `readImage` gave it.
 * @returns Sizes by diff ID.
 * @throws {UserError} when the source has changed since the image was read.
 */
export async function compressLayers(
  source: ImageSource,
  image: Image,
  options: CompressLayersOptions,
): Promise<Map<string, LayerSize>> {
  const { cacheDir, zstd = false, signal } = options;
  signal?.throwIfAborted();
  const sizes = new Map<string, CompressedSize>();
  const layers = new Map(image.layers.map((layer) => [layer.diffId, layer]));
  for (const layer of layers.values()) {
    const known = {
      ...await cachedSize(cacheDir, layer.diffId),
      ...statedSize(layer),
    };
    sizes.set(layer.diffId, known);
  }
  const lacksGzip = ({ diffId }: Layer) =>
    sizes.get(diffId)?.gzipBytes === undefined;
  const complete = ({ gzipBytes, zstdBytes }: CompressedSize) =>
    gzipBytes !== undefined && (!zstd || zstdBytes !== undefined);

  // Goes round again only for a layer whose compression failed for another image.
  for (;;) {
    const lacking = [...layers.values()]
      .filter(({ diffId }) => !complete(sizes.get(diffId) ?? {}));
    if (lacking.length === 0) break;
    const key = ({ diffId }: Layer) => `${cacheDir}\n${zstd}\n${diffId}`;
    const others = lacking.filter((layer) => running.has(key(layer)));
    const own = lacking.filter((layer) => !running.has(key(layer)));
    const done = own.length > 0
      ? compress(source, own, { gzip: own.some(lacksGzip), zstd }, signal)
      : Promise.resolve(new Map<string, CompressedSize>());
    const pending = [...own, ...others].map((layer) => {
      const promise = running.get(key(layer)) ??
        done.then((found) => found.get(layer.diffId) ?? {});
      // Whoever waits for it as well hears of a failure; alone it is no bug.
      promise.catch(() => {});
      running.set(key(layer), promise);
      return { layer, promise };
    });
    try {
      await done;
    } finally {
      for (const layer of own) running.delete(key(layer));
    }
    for (const { layer, promise } of pending) {
      const found = await promise.catch(() => undefined);
      signal?.throwIfAborted();
      if (found === undefined) continue;
      const before = sizes.get(layer.diffId);
      sizes.set(layer.diffId, { ...found, ...before });
      if (own.includes(layer)) {
        await cacheSize(cacheDir, layer.diffId, {
          ...await cachedSize(cacheDir, layer.diffId),
          ...found,
        });
      }
    }
  }
  return new Map(
    [...sizes].map(([diffId, { gzipBytes = 0, zstdBytes }]) => [
      diffId,
      zstd && zstdBytes !== undefined
        ? { gzipBytes, zstdBytes }
        : { gzipBytes },
    ]),
  );
}

/** What the archive itself says by how it stores the layer. */
function statedSize({ compression, blobBytes }: Layer): CompressedSize {
  if (compression === "gzip") return { gzipBytes: blobBytes };
  return compression === "zstd" ? { zstdBytes: blobBytes } : {};
}

/** Compresses layers in one pass over the source. */
async function compress(
  source: ImageSource,
  layers: Layer[],
  kinds: { gzip: boolean; zstd: boolean },
  signal?: AbortSignal,
): Promise<Map<string, CompressedSize>> {
  const paths = new Set(layers.map(({ blob }) => blob));
  const found = new Map<string, CompressedSize>();
  using pool = new CompressPool();
  try {
    const limits = new Limits({}, signal);
    const store = await openSource(
      source,
      limits,
      (hashed) => new LayerCompressor(pool, hashed, kinds),
      { wanted: (path) => paths.has(path), signal },
    );
    for (const path of paths) {
      if (path === undefined) continue;
      const blob = await store.blob(path);
      if (blob?.tar === undefined || blob.error !== undefined) continue;
      const { diffId, ...size } = blob.tar;
      found.set(diffId, size);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw toUserError(error, source);
  }
  const lost = layers.find(({ diffId }) => !found.has(diffId));
  if (lost !== undefined) {
    throw new UserError(
      `Image ${
        JSON.stringify(source.reference)
      } has changed while it was read: layer ${lost.diffId} is gone`,
      { next: "Run the same command again" },
    );
  }
  return found;
}

/** Part of the file's name: sizes by another way to compress are other sizes. */
const METHOD = "gzip6-zstd3";

function fileOf(cacheDir: string, diffId: string): string {
  return join(cacheDir, `${diffId.replace(":", "-")}.${METHOD}.json`);
}

/** What is known of a layer; nothing when the entry is not there or damaged. */
async function cachedSize(
  cacheDir: string,
  diffId: string,
): Promise<CompressedSize> {
  const value = await readCache(fileOf(cacheDir, diffId));
  if (typeof value !== "object" || value === null) return {};
  const { gzipBytes, zstdBytes } = value as Record<string, unknown>;
  return {
    ...(isSize(gzipBytes) ? { gzipBytes } : {}),
    ...(isSize(zstdBytes) ? { zstdBytes } : {}),
  };
}

/** Keeps a size. */
async function cacheSize(
  cacheDir: string,
  diffId: string,
  size: CompressedSize,
): Promise<void> {
  await writeCache(fileOf(cacheDir, diffId), size);
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}
