/**
 * How large the layers of an image are in a registry. Layers that the archive holds
 * compressed are taken at their word, since their digests were checked; the others
 * are compressed for real, each once, on all cores, and remembered: while the image
 * is read, or in a pass of their own.
 *
 * @module
 */
import { join } from "node:path";
import { UserError } from "../lib/errors.ts";
import { writeCache } from "../lib/cache.ts";
import { toUserError } from "./archive_error.ts";
import type { TarBlob, TarSink } from "./blob_reader.ts";
import {
  type CompressedSize,
  CompressPool,
  LayerCompressor,
} from "./layer_compressor.ts";
import { Limits } from "./limits.ts";
import type { Image, ImageSource, Layer } from "./model.ts";
import { openSource } from "./open_source.ts";

/** What is compressed, and where sizes are kept. */
export interface CompressOptions {
  /** Folder of sizes found before; made when it is not there. */
  cacheDir: string;
  /** Tell the size in zstd (level 3) too. */
  zstd?: boolean;
}

/** Compressed bytes of a layer. */
export interface LayerSize {
  gzipBytes: number;
  zstdBytes?: number;
}

/** Set while an image is compressed: the next may have layers of it. */
let queue: Promise<unknown> = Promise.resolve();

/**
 * Tells the compressed size of each layer.
 *
 * @param source Where the image was read from; not opened when all is known.
 * @param image As `readImage` gave it.
 * @returns Sizes by diff ID.
 * @throws {UserError} when the source has changed since the image was read.
 */
export function compressLayers(
  source: ImageSource,
  image: Image,
  options: CompressOptions & { signal?: AbortSignal },
): Promise<Map<string, LayerSize>> {
  const result = queue.then(() => compressInTurn(source, image, options));
  queue = result.catch(() => {});
  return result;
}

async function compressInTurn(
  source: ImageSource,
  image: Image,
  options: CompressOptions & { signal?: AbortSignal },
): Promise<Map<string, LayerSize>> {
  const { cacheDir, zstd = false, signal } = options;
  signal?.throwIfAborted();
  const sizes = new Map<string, CompressedSize>();
  const lacking = new Set<Layer>();
  for (const layer of image.layers) {
    const { diffId, compression, blobBytes } = layer;
    const size = cachedSize(cacheDir, diffId);
    if (compression === "gzip") size.gzipBytes = blobBytes;
    if (compression === "zstd") size.zstdBytes = blobBytes;
    if (!sizes.has(diffId) && !isComplete(size, zstd)) lacking.add(layer);
    sizes.set(diffId, size);
  }
  if (lacking.size > 0) {
    const kinds = { gzip: true, zstd };
    const found = await compressPass(source, [...lacking], kinds, signal);
    for (const [diffId, size] of found) {
      const kept = { ...cachedSize(cacheDir, diffId), ...size };
      await writeCache(sizeFile(cacheDir, diffId), kept);
      sizes.set(diffId, { ...size, ...sizes.get(diffId) });
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

async function compressPass(
  source: ImageSource,
  layers: Layer[],
  kinds: { gzip: boolean; zstd: boolean },
  signal?: AbortSignal,
): Promise<Map<string, CompressedSize>> {
  const paths = new Set(layers.map(({ blob }) => blob));
  const found = new Map<string, CompressedSize>();
  using pool = new CompressPool();
  try {
    const store = await openSource(
      source,
      new Limits({}, signal),
      ({ isHashed }) => new LayerCompressor(pool, isHashed, kinds),
      { wanted: (path) => paths.has(path), ...(signal ? { signal } : {}) },
    );
    for (const path of paths) {
      const blob = path === undefined ? undefined : await store.blob(path);
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

/** Blobs that are being compressed, for whichever image came first. */
const running = new Set<string>();

/**
 * Compresses layers while their image is read for something else, so that
 * {@linkcode compressLayers} finds them all and need not open its source.
 */
export class SideCompressor implements Disposable {
  readonly #cacheDir: string;
  readonly #zstd: boolean;
  readonly #pool = new CompressPool();
  readonly #own = new Set<string>();

  constructor({ cacheDir, zstd = false }: CompressOptions) {
    this.#cacheDir = cacheDir;
    this.#zstd = zstd;
  }

  /** What takes the tar of a blob too, unless its size is known. */
  open({ path, compression }: TarBlob): TarSink<void> | undefined {
    const gzip = compression !== "gzip";
    const zstd = this.#zstd && compression !== "zstd";
    if (!gzip && !zstd) return undefined;
    // Blobs are named by digests, and so most often hold what they held before;
    // where not, the size of what they hold is found to be unknown.
    const name = /[0-9a-f]{64}/.exec(path)?.[0] ?? "";
    const nameFile = join(this.#cacheDir, `${name}.diff-id.json`);
    const known = fieldOf(read(nameFile), "diffId");
    if (
      typeof known === "string" &&
      isComplete(cachedSize(this.#cacheDir, known), this.#zstd)
    ) return undefined;
    if (name !== "") {
      if (running.has(name)) return undefined;
      running.add(name);
      this.#own.add(name);
    }
    const sink = new LayerCompressor(this.#pool, true, { gzip, zstd });
    return {
      get pending() {
        return sink.pending;
      },
      write: (chunk) => sink.write(chunk),
      finish: async (sha256) => {
        const { diffId, ...size } = await sink.finish(sha256);
        const before = cachedSize(this.#cacheDir, diffId);
        const file = sizeFile(this.#cacheDir, diffId);
        await writeCache(file, { ...before, ...size });
        if (name !== "") await writeCache(nameFile, { diffId });
      },
    };
  }

  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
    for (const name of this.#own) running.delete(name);
  }
}

/** Part of the file's name: sizes by another way to compress are other sizes. */
const METHOD = "gzip6-zstd3";

/** The same bytes give the same size, so an entry never grows old. */
function sizeFile(cacheDir: string, diffId: string): string {
  return join(cacheDir, `${diffId.replace(":", "-")}.${METHOD}.json`);
}

/** What is known of a layer; nothing when the entry is not there or damaged. */
function cachedSize(cacheDir: string, diffId: string): CompressedSize {
  const value = read(sizeFile(cacheDir, diffId));
  const size: CompressedSize = {};
  for (const key of ["gzipBytes", "zstdBytes"] as const) {
    const bytes = fieldOf(value, key);
    if (Number.isSafeInteger(bytes) && Number(bytes) > 0) {
      size[key] = Number(bytes);
    }
  }
  return size;
}

function isComplete(size: CompressedSize, zstd: boolean): boolean {
  return size.gzipBytes !== undefined &&
    (!zstd || size.zstdBytes !== undefined);
}

/** A small file; in place, since what asks must answer at once. */
function read(file: string): unknown {
  try {
    return JSON.parse(Deno.readTextFileSync(file));
  } catch {
    return undefined;
  }
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
