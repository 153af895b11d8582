/** Runs programs in process groups of their own: Ctrl-C reaches us alone. @module */
import { EXIT, UserError } from "./errors.ts";
import { stripVTControlCharacters } from "node:util";

export interface CommandOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** Called with each line of both streams. */
  onLine?: (line: string) => void;
  /** Ends the child and all that it started: SIGTERM, then SIGKILL. */
  signal?: AbortSignal;
  /** Milliseconds between SIGTERM and SIGKILL; 5000 unless told otherwise. */
  graceMs?: number;
}

/** What a child process left behind: of its texts, the end. */
export interface CommandResult {
  /** Exit code; 128 + n when signal n ended it. */
  code: number;
  killedBy?: Deno.Signal;
  /** At most 16 Mi characters. */
  stdout: string;
  stderr: string;
  /** Both streams in the order of arrival, at most 256 Ki characters. */
  output: string;
}

export interface Child {
  readonly pid: number;
  /** Resolves once it has ended; rejects when its output cannot be read. */
  readonly ended: Promise<CommandResult>;
  /** The end of what it has written so far. */
  output(): string;
  /** Ends it and all that it started; resolves when it is gone. */
  stop(): Promise<void>;
}

export class CommandNotFound extends Error {
  override name = "CommandNotFound";
  constructor(readonly command: string, options?: ErrorOptions) {
    super(`Cannot find the command "${command}"`, options);
  }
}

/** The command ended with an exit code that is not 0. */
export class CommandFailed extends UserError {
  override name = "CommandFailed";
  declare readonly output: string;
  readonly code: number;
  readonly killedBy?: Deno.Signal;
  constructor(
    command: string,
    args: readonly string[],
    { code, output, killedBy }: Omit<CommandResult, "stdout" | "stderr">,
  ) {
    super(
      `"${command} ${args[0] ?? ""}" ` +
        (killedBy
          ? `was ended by ${killedBy}`
          : `ended with exit code ${code}`),
      {
        next: killedBy
          ? `Run again; if nobody ended ${command}, the machine may lack memory`
          : `See what ${command} says above, and whether it works by hand`,
        exitCode: EXIT.environment,
        output,
      },
    );
    this.code = code;
    this.killedBy = killedBy;
  }
}

/** How long the output of a child that has ended may stay open. */
const LINGERS_MS = 1000;

/** Sends a signal; that the process is gone is no error. `-pid` is its group. */
export function signalProcess(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** `Deno.Command` as a group leader, with both streams piped. */
function spawn(
  command: string,
  args: string[],
  env?: Record<string, string>,
  cwd?: string,
): Deno.ChildProcess {
  try {
    return new Deno.Command(command, {
      args,
      cwd,
      // Messages are searched for causes, so they must not be translated.
      env: { LC_ALL: "C.UTF-8", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new CommandNotFound(command, { cause });
    }
    throw cause;
  }
}

/** Ends a child's group and waits: SIGTERM, after the grace SIGKILL. */
async function stopChild(
  child: Deno.ChildProcess,
  graceMs = 5000,
): Promise<void> {
  signalProcess(-child.pid, "SIGTERM");
  const timer = setTimeout(() => signalProcess(-child.pid, "SIGKILL"), graceMs);
  await child.status;
  clearTimeout(timer);
  // What the child started may have ignored SIGTERM and outlived it.
  signalProcess(-child.pid, "SIGKILL");
}

/** Starts a command and keeps the end of its output. */
export function start(
  command: string,
  args: string[],
  options: CommandOptions = {},
): Child {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, options.env, options.cwd);
  const both = new Tail(256 * 1024);
  const stdout = new Tail(16 * 1024 * 1024);
  const stderr = new Tail(256 * 1024);
  const keepIn = (tail: Tail) => (line: string) => {
    tail.append(line + "\n");
    both.append(line + "\n");
    options.onLine?.(line);
  };
  const streams = Promise.all([
    lines(child.stdout, keepIn(stdout)),
    lines(child.stderr, keepIn(stderr)),
  ]);
  streams.catch(() => {}); // Awaited below, but perhaps not at once.
  let ended = false;
  let stopping = false;
  const stop = async () => {
    if (ended) return;
    stopping = true;
    await stopChild(child, options.graceMs);
  };
  const onAbort = () => void stop();
  options.signal?.addEventListener("abort", onAbort, { once: true });
  const finish = async (): Promise<CommandResult> => {
    try {
      // Output that cannot be read ends it at once.
      const status = await Promise.race([
        child.status,
        streams.then(() => child.status),
      ]);
      // What it started and left behind may keep the pipes open. Helpers that
      // do not, such as podman's, have their work to do.
      const timer = setTimeout(
        () => signalProcess(-child.pid, "SIGKILL"),
        stopping ? 0 : LINGERS_MS,
      );
      await streams.finally(() => clearTimeout(timer));
      return {
        code: status.code,
        ...status.signal && { killedBy: status.signal },
        stdout: stdout.toString(),
        stderr: stderr.toString(),
        output: both.toString(),
      };
    } catch (error) {
      await stop();
      throw error;
    } finally {
      ended = true;
      options.signal?.removeEventListener("abort", onAbort);
    }
  };
  const result = finish();
  result.catch(() => {}); // Whoever awaits `ended` sees it.
  return {
    pid: child.pid,
    ended: result,
    output: () => both.toString(),
    stop: async () => {
      await stop();
      await result.catch(() => {});
    },
  };
}

/** Runs a command to its end, whatever its exit code. */
export async function attempt(
  command: string,
  args: string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await start(command, args, options).ended;
  options.signal?.throwIfAborted();
  return result;
}

/** Whether a command runs here and ends well. */
export async function runs(
  command: string,
  args: string[],
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    return (await attempt(command, args, { signal })).code === 0;
  } catch (error) {
    if (error instanceof CommandNotFound) return false;
    throw error;
  }
}

/** Runs a command that must succeed, for its standard output. */
export async function run(
  command: string,
  args: string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await attempt(command, args, options);
  if (result.code !== 0) throw new CommandFailed(command, args, result);
  return result.stdout;
}

interface ByteStreamOptions
  extends Pick<CommandOptions, "env" | "onLine" | "signal"> {
  /** Makes the error for the reader of what went wrong. */
  explain?: (error: CommandFailed) => unknown | Promise<unknown>;
}

/** A command's output, started by the first read; a failure is an error at its end. */
export function byteStream(
  command: string,
  args: string[],
  { env, onLine, signal, explain = (error) => error }: ByteStreamOptions = {},
): ReadableStream<Uint8Array> {
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
        const result = { code, output, killedBy: killedBy ?? undefined };
        throw await explain(new CommandFailed(command, args, result));
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

/** Longest line that is passed on whole, in UTF-16 code units. */
const LONGEST = 64 * 1024;

/** Calls back with each line of UTF-8, without its end; the last may have none. */
export async function lines(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) onLine(clean(part));
    while (rest.length > LONGEST) {
      onLine(clean(rest.slice(0, LONGEST)));
      rest = rest.slice(LONGEST);
    }
  }
  if (rest !== "") onLine(clean(rest));
}

/** A progress bar redraws its line with `\r`: what it drew last counts. */
function clean(line: string): string {
  const plain = line.includes("\x1b") ? stripVTControlCharacters(line) : line;
  const text = plain.replace(/\r+$/, "");
  return text.slice(text.lastIndexOf("\r") + 1);
}

/** The end of a text that may be endless: so many UTF-16 code units. */
export class Tail {
  #text = "";
  #dropped = false;

  constructor(readonly limit: number) {}

  append(text: string): void {
    this.#text += text;
    // Cutting only at twice the limit keeps the cost per character constant.
    if (this.#text.length > 2 * this.limit) this.#cut();
  }

  #cut(): void {
    this.#dropped ||= this.#text.length > this.limit;
    this.#text = this.#text.slice(-this.limit);
  }

  /** The text, with `…` in front when the beginning is gone. */
  toString(): string {
    this.#cut();
    return (this.#dropped ? "…" : "") + this.#text;
  }
}
