/**
 * The bytes of a file or stream, handed over in large chunks. A file is read
 * ahead into two buffers that are used in turn, so reading and hashing overlap
 * and nothing is allocated for each chunk.
 *
 * @module
 */
import { breath } from "./breath.ts";

/** Takes a chunk, which is only valid until what it returns has resolved. */
export type OnChunk = (chunk: Uint8Array) => Promise<void> | void;

const CHUNK = 2 ** 20;

/**
 * Hands over a file.
 *
 * @throws {Deno.errors} when it cannot be read, and the signal's reason when aborted.
 */
export async function pumpFile(
  path: string | URL,
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
      const done = onChunk(current.subarray(0, length)) ?? breath();
      if (done !== undefined) await done;
      [current, other] = [other, current];
    }
  } finally {
    // The file must not be closed under a read that is on its way.
    await reading.catch(() => {});
  }
}

/**
 * Hands over a stream, and cancels it when it is not read to its end.
 *
 * @throws What the stream fails with, and the signal's reason when aborted.
 */
export async function pumpStream(
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
      const handled = onChunk(value) ?? breath();
      if (handled !== undefined) await handled;
    }
  } catch (error) {
    await reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
    reader.releaseLock();
  }
}
