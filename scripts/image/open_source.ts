/**
 * Opens whatever an image comes from as a store of blobs: an archive is read to
 * its end in one pass, a folder (an OCI layout, an unpacked archive) blob by blob,
 * since it may hold many images of which one is wanted.
 *
 * @module
 */
import { ArchiveError } from "./archive_error.ts";
import { ArchiveScan } from "./archive_scan.ts";
import {
  BlobReader,
  type BlobStore,
  type OpenTar,
  type StoredBlob,
} from "./blob_reader.ts";
import { eventLoopTurn, type Limits } from "./limits.ts";
import type { ImageSource } from "./model.ts";
import { isThere } from "../lib/files.ts";

/**
 * The archive or folder that a reference means, and the image in it if one is named:
 * `PATH`, `PATH:NAME:TAG`, `PATH:sha256:HEX` or `PATH:@INDEX`, with or without the
 * transport of containers-transports(5) before it.
 *
 * @returns `undefined` for what is no path, such as an image of an engine.
 */
export async function findArchive(
  reference: string,
): Promise<{ path: string; image?: string } | undefined> {
  const bare = reference.replace(
    /^(?:docker-archive|oci-archive|oci|dir):/,
    "",
  );
  for (const text of new Set([reference, bare])) {
    if (await isThere(text)) return { path: text };
    for (
      let end = text.lastIndexOf(":");
      end > 0;
      end = text.lastIndexOf(":", end - 1)
    ) {
      const path = text.slice(0, end);
      // A program or folder `web` beside an image `web:1` is no archive of it.
      const meant = text !== reference || /[./]/.test(path);
      if (meant && await isThere(path)) {
        const image = text.slice(end + 1);
        return image === "" ? { path } : { path, image };
      }
    }
  }
}

/** Reads an archive to its end, of its blobs those `wanted`, or lists a folder. */
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
    return await scan.finish();
  } finally {
    scan.destroy();
  }
}

async function folderStore<T>(
  folder: string,
  limits: Limits,
  openTar: OpenTar<T>,
  signal?: AbortSignal,
): Promise<BlobStore<T>> {
  const top: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    top.push(name);
    if (top.length === 100) break;
  }
  return {
    top: top.sort(),
    async blob(path): Promise<StoredBlob<T> | undefined> {
      const file = await fileIn(folder, path);
      if (file === undefined) return undefined;
      const reader = new BlobReader(path, limits, openTar);
      try {
        await pumpFile(file, (chunk) => {
          limits.read(chunk.length);
          reader.write(chunk);
          if (reader.busy) return reader.settled();
        }, signal);
        return { ...await reader.finish(), path };
      } finally {
        reader.destroy();
      }
    },
    async has(path) {
      return await fileIn(folder, path) !== undefined;
    },
  };
}

/** The file itself, which links may not place outside of the folder. */
async function fileIn(
  folder: string,
  path: string,
): Promise<string | undefined> {
  try {
    const root = await Deno.realPath(folder);
    const file = await Deno.realPath(`${folder}/${path}`);
    if (!file.startsWith(root === "/" ? root : `${root}/`)) {
      throw new ArchiveError(
        `its link ${JSON.stringify(path)} leads out of the folder`,
      );
    }
    return (await Deno.stat(file)).isFile ? file : undefined;
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory
    ) return undefined;
    if (error instanceof Deno.errors.FilesystemLoop) {
      throw new ArchiveError(
        `its link ${JSON.stringify(path)} leads in a circle`,
        { cause: error },
      );
    }
    throw error;
  }
}

/** Takes a chunk, which is only valid until what it returns has resolved. */
type OnChunk = (chunk: Uint8Array) => Promise<void> | void;

const CHUNK = 2 ** 20;

/**
 * Hands over a file, read ahead into two buffers that are used in turn: reading and
 * hashing overlap, and nothing is allocated for each chunk.
 */
async function pumpFile(
  path: string,
  onChunk: OnChunk,
  signal?: AbortSignal,
): Promise<void> {
  using file = await Deno.open(path);
  let current = new Uint8Array(CHUNK);
  let other = new Uint8Array(CHUNK);
  let reading = file.read(current);
  try {
    for (;;) {
      const length = await reading;
      signal?.throwIfAborted();
      if (length === null) return;
      reading = file.read(other);
      const done = onChunk(current.subarray(0, length)) ?? eventLoopTurn();
      if (done !== undefined) await done;
      [current, other] = [other, current];
    }
  } finally {
    // The file must not be closed under a read that is on its way.
    await reading.catch(() => {});
  }
}

/** Hands over a stream's chunks, and cancels it when it is not read to its end. */
async function pumpStream(
  stream: ReadableStream<Uint8Array>,
  onChunk: OnChunk,
  signal?: AbortSignal,
): Promise<void> {
  const reader = stream.getReader();
  const abort = () => void reader.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener("abort", abort);
  try {
    for (;;) {
      const { value, done } = await reader.read();
      signal?.throwIfAborted();
      if (done) return;
      const handled = onChunk(value) ?? eventLoopTurn();
      if (handled !== undefined) await handled;
      // Frees it at once: the next chunk then takes no new memory.
      if (value.buffer instanceof ArrayBuffer) value.buffer.transfer(0);
    }
  } catch (error) {
    await reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
    reader.releaseLock();
  }
}
