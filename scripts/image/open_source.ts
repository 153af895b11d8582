/**
 * Opens whatever an image comes from as a store of blobs.
 *
 * @module
 */
import { ArchiveScan } from "./archive_scan.ts";
import type { OpenTar } from "./blob_reader.ts";
import type { BlobStore } from "./blob_store.ts";
import { folderStore } from "./folder_store.ts";
import type { Limits } from "./limits.ts";
import { pumpFile, pumpStream } from "./pump.ts";
import { streamStore } from "./stream_store.ts";

/** Where an image comes from, and what to call it. */
export type ImageSource =
  | { reference: string; path: string }
  | {
    reference: string;
    /** Starts the export; called again when the bytes are needed again. */
    open: (signal?: AbortSignal) => ReadableStream<Uint8Array>;
  };

/**
 * Reads an archive to its end, or lists a folder.
 *
 * @param openTar Makes what takes the tar of each layer.
 * @param options `wanted` chooses by path which blobs of an archive are read.
 * @throws {ArchiveError} for what is no archive, and the errors of the system.
 */
export async function openSource<T>(
  source: ImageSource,
  limits: Limits,
  openTar: OpenTar<T>,
  options: { wanted?: (path: string) => boolean; signal?: AbortSignal } = {},
): Promise<BlobStore<T>> {
  const { wanted, signal } = options;
  if ("path" in source && (await Deno.stat(source.path)).isDirectory) {
    return await folderStore(source.path, limits, openTar, signal);
  }
  const scan = new ArchiveScan<T>(limits, openTar, wanted);
  try {
    await ("path" in source
      ? pumpFile(source.path, scan.push, signal)
      : pumpStream(source.open(signal), scan.push, signal));
    return streamStore(await scan.finish());
  } finally {
    scan.destroy();
  }
}
