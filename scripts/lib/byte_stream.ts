/**
 * A command's standard output as a stream of bytes, for archives: too large to
 * keep, and worthless when the command fails at the end.
 *
 * @module
 */
import { CommandFailed, lines, spawn, stopChild, Tail } from "./command.ts";

/** What a stream needs beside the command. */
interface ByteStreamOptions {
  /** Added to the environment. */
  env?: Record<string, string>;
  /** Called with each line of its standard error. */
  onLine?: (line: string) => void;
  /** Ends the command and errors the stream with its reason. */
  signal?: AbortSignal;
  /** Makes the error for the reader of what went wrong. */
  explain?: (error: CommandFailed) => unknown | Promise<unknown>;
}

/**
 * Streams what a command writes. The command starts with the first read and is
 * ended when the reader cancels; a failing exit code errors the stream in place
 * of its end.
 */
export function byteStream(
  command: string,
  args: string[],
  options: ByteStreamOptions = {},
): ReadableStream<Uint8Array> {
  const { env, onLine, signal } = options;
  const explain = options.explain ?? ((error: CommandFailed) => error);
  return ReadableStream.from(read());

  async function* read() {
    signal?.throwIfAborted();
    const child = spawn(command, args, env);
    const stderr = new Tail(64 * 1024);
    const errors = lines(child.stderr, (line) => {
      stderr.append(line + "\n");
      onLine?.(line);
    });
    const onAbort = () => void stopChild(child);
    signal?.addEventListener("abort", onAbort, { once: true });
    let whole = false;
    try {
      for await (const chunk of child.stdout) yield chunk;
      const { code, signal: killedBy } = await child.status;
      await errors;
      whole = true;
      signal?.throwIfAborted();
      if (code !== 0) {
        const output = stderr.toString();
        throw await explain(
          new CommandFailed(command, args, {
            code,
            output,
            ...(killedBy ? { killedBy } : {}),
          }),
        );
      }
    } finally {
      signal?.removeEventListener("abort", onAbort);
      if (!whole) {
        await stopChild(child);
        await errors.catch(() => {});
      }
    }
  }
}
