/**
 * Child processes of this folder: their output as lines while they run, their
 * stdout as a stream, and an end that is awaited whatever happens.
 *
 * @module
 */

/** What a child process needs beside its command. */
export interface RunOptions {
  env?: Record<string, string>;
  /** Called with each line of stderr, and of stdout unless that is streamed. */
  onLine?: (line: string) => void;
  /** Written to stdin, which is empty otherwise. */
  input?: string;
  /**
   * A line of stderr after which it is removing its own files: a signal would
   * only keep it from that, so none is sent.
   */
  leaving?: RegExp;
  signal?: AbortSignal;
}

/** How a child process ended. */
export interface Ended {
  code: number;
  /** The last lines of its stderr, at most 40. */
  tail: string;
}

/** A child process whose stdout is a stream. */
export interface Running {
  stdout: ReadableStream<Uint8Array>;
  /** Resolves when it has ended. */
  ended: Promise<Ended>;
  /** Asks it and what it started to stop and clean up. */
  stop(): void;
}

/**
 * Starts a command.
 *
 * @param command Name or path of the program.
 * @param args Its arguments.
 * @param options Environment to add, input, where lines go, what stops it.
 * @returns `undefined` when there is no such program.
 */
export function start(
  command: string,
  args: string[],
  { env, onLine, input, leaving, signal }: RunOptions = {},
): Running | undefined {
  signal?.throwIfAborted();
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(command, {
      args,
      // Messages are searched for causes, so they must not be translated.
      env: { LC_ALL: "C.UTF-8", ...env },
      stdin: input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      // A group of its own: mmdebstrap heeds a signal at once only when all of
      // its processes get it.
      detached: true,
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  // One signal is enough, and a second one would interrupt the cleaning up.
  let leave = false;
  const stop = () => {
    if (leave) return;
    leave = true;
    try {
      Deno.kill(-child.pid, "SIGTERM");
    } catch {
      // It has ended already.
    }
  };
  signal?.addEventListener("abort", stop, { once: true });
  const tail: string[] = [];
  const lines = eachLine(child.stderr, (line) => {
    if (tail.push(line) > 40) tail.shift();
    leave ||= leaving?.test(line) ?? false;
    onLine?.(line);
  });
  const ended = (async () => {
    try {
      if (input !== undefined) await feed(child.stdin, input);
      const [{ code }] = await Promise.all([child.status, lines]);
      return { code, tail: tail.join("\n") };
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  })();
  return { stdout: child.stdout, ended, stop };
}

/**
 * Runs a command to its end.
 *
 * @param command Name or path of the program.
 * @param args Its arguments.
 * @param options As for {@linkcode start}.
 * @returns Its stdout and how it ended; `undefined` when there is no such program.
 * @throws the signal's reason when it was stopped.
 */
export async function run(
  command: string,
  args: string[],
  options: RunOptions = {},
): Promise<Ended & { stdout: string } | undefined> {
  const running = start(command, args, options);
  if (running === undefined) return undefined;
  const [stdout, ended] = await Promise.all([
    new Response(running.stdout).text(),
    running.ended,
  ]);
  options.signal?.throwIfAborted();
  return { ...ended, stdout };
}

async function feed(
  stdin: WritableStream<Uint8Array>,
  input: string,
): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch {
    // A program that ends early tells why with its exit code and stderr.
  }
}

async function eachLine(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split(/[\r\n]+/);
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") onLine(line);
  }
  if (rest.trim() !== "") onLine(rest);
}
