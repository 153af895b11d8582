/**
 * Reading what a child process writes, when both can fail: a process that fails
 * leaves broken output, and then its own words are what the user needs.
 *
 * @module
 */
import type { Running } from "./run.ts";
import { BrokenTar } from "./tar.ts";

/**
 * Reads the output of a process and waits for it to end well.
 *
 * @param running The process; it is stopped when reading fails.
 * @param read Reads its stdout.
 * @param failure Makes an error of the end of its stderr.
 * @param signal What may stop it.
 * @throws the signal's reason, the failure of the process or that of reading.
 */
export async function readOutput(
  running: Running,
  read: (stdout: ReadableStream<Uint8Array>) => Promise<void>,
  failure: (tail: string) => Error,
  signal?: AbortSignal,
): Promise<void> {
  let thrown: { error: unknown } | undefined;
  try {
    await read(running.stdout);
  } catch (error) {
    thrown = { error };
    running.stop();
    if (!running.stdout.locked) await running.stdout.cancel();
  }
  // A process removes its own temporary files, so its end is waited for.
  const { code, tail } = await running.ended;
  signal?.throwIfAborted();
  if (thrown !== undefined && !(thrown.error instanceof BrokenTar)) {
    throw thrown.error;
  }
  if (code !== 0) throw failure(tail);
  if (thrown !== undefined) throw thrown.error;
}
