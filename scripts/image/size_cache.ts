/**
 * Compressed sizes that were found before, on disk by diff ID: the same bytes give
 * the same size, so an entry never grows old.
 *
 * @module
 */
import { join } from "node:path";
import { readCache, writeCache } from "../lib/json_cache.ts";
import type { CompressedSize } from "./layer_compressor.ts";

/** Part of the file's name: sizes by another way to compress are other sizes. */
const METHOD = "gzip6-zstd3";

function fileOf(cacheDir: string, diffId: string): string {
  return join(cacheDir, `${diffId.replace(":", "-")}.${METHOD}.json`);
}

/** What is known of a layer; nothing when the entry is not there or damaged. */
export async function cachedSize(
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
export async function cacheSize(
  cacheDir: string,
  diffId: string,
  size: CompressedSize,
): Promise<void> {
  await writeCache(fileOf(cacheDir, diffId), size);
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}
