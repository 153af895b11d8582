/**
 * The docker daemon, which may be gone the next moment: commands to it by its
 * client, and what it answers itself on its Unix socket. @module
 */
import {
  attempt,
  CommandFailed,
  type CommandOptions,
  type CommandResult,
  runs,
} from "../lib/command.ts";
import { EngineGone, EXIT } from "../lib/errors.ts";

/** What clients say when the other side is not there; steps of a build may too. */
const DOUBTFUL =
  /Cannot connect to the Docker daemon|error during connect|\bEOF\b|connection (reset|refused)|broken pipe|transport is closing|code = (Unavailable|Canceled)/i;

/** A daemon that shuts down may answer a last time. */
const ASKED_AGAIN_MS = 1000;
const ANSWERS_WITHIN_MS = 10_000;

/**
 * Runs a command to its end.
 *
 * @param options `accepts`: what it may say when it fails; absent: anything.
 * @throws {EngineGone} when it failed because the daemon is gone.
 */
export async function attemptDocker(
  command: string,
  args: string[],
  { accepts, ...options }: CommandOptions & { accepts?: RegExp } = {},
): Promise<CommandResult> {
  const result = await attempt(command, args, options);
  if (result.code === 0) return result;
  await throwIfGone(command, result.output);
  if (accepts?.test(result.output) ?? true) return result;
  throw new CommandFailed(command, args, result);
}

/** The standard output of a command that must succeed, as {@linkcode attemptDocker}. */
export async function runDocker(
  command: string,
  args: string[],
  options: CommandOptions = {},
): Promise<string> {
  const none = /(?!)/;
  return (await attemptDocker(command, args, { ...options, accepts: none }))
    .stdout;
}

/**
 * Asks the daemon, when a failure looks as if it were gone; podman has none.
 *
 * @param output What the command that failed wrote; absent: ask in any case.
 * @throws {EngineGone} when it does not answer.
 */
export async function throwIfGone(
  command: string,
  output?: string,
): Promise<void> {
  if (command !== "docker") return;
  if (output !== undefined && !DOUBTFUL.test(output)) return;
  if (await answers()) {
    await new Promise((resolve) => setTimeout(resolve, ASKED_AGAIN_MS));
    if (await answers()) return;
  }
  throw new EngineGone("The docker daemon is gone: it no longer answers", {
    next:
      "Start it again (on most systems: systemctl start docker), and run the same command",
    exitCode: EXIT.environment,
    output: output?.trim().split("\n").at(-1),
  });
}

async function answers(): Promise<boolean> {
  const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
  return await runs("docker", ["version"], signal).catch((error) => {
    if (error !== signal.reason) throw error;
    return false;
  });
}

/** An answer that is not what was asked for. */
export class DaemonRefused extends Error {
  override name = "DaemonRefused";
  constructor(
    path: string,
    readonly status: number,
    readonly output: string,
  ) {
    super(`docker's daemon answered ${status} to GET ${path}`);
  }
}

interface DaemonStreamOptions {
  signal?: AbortSignal;
  /** Makes the reader's error of what went wrong. */
  explain?: (error: unknown) => unknown | Promise<unknown>;
}

/** Bytes in each chunk but the last: few turns, and they stay in the core's cache. */
const CHUNK = 2 ** 18;
/** Bytes of a head. */
const LONGEST_HEAD = 2 ** 16;

/**
 * Streams the body of an answer. By HTTP/1.0 it comes as it is, and is read three
 * times as fast as by `fetch` or `node:http`, which take a chunked one apart; one
 * that is cut off ends early, which the reader must notice by what it holds.
 */
export function daemonStream(
  socket: string,
  path: string,
  options: DaemonStreamOptions = {},
): ReadableStream<Uint8Array> {
  const { signal, explain = (error: unknown) => error } = options;
  return ReadableStream.from(read());

  async function* read() {
    signal?.throwIfAborted();
    const connect = () => Deno.connect({ transport: "unix", path: socket });
    let connection: Deno.Conn | undefined;
    const close = () => {
      connection?.close();
      connection = undefined;
    };
    signal?.addEventListener("abort", close, { once: true });
    try {
      const opened = connection = await connect();
      signal?.throwIfAborted(); // It may have been while we connected.
      const writer = opened.writable.getWriter();
      const request = `GET ${path} HTTP/1.0\r\nHost: docker\r\n\r\n`;
      await writer.write(new TextEncoder().encode(request));
      const chunks = chunksOf(opened);
      const { status, rest } = parseHead(
        (await chunks.next()).value ?? undefined,
      );
      if (status !== 200) {
        throw new DaemonRefused(path, status, messageIn(rest));
      }
      if (rest.length > 0) yield rest;
      yield* chunks;
      // Nobody listens any more where a daemon was killed.
      (await connect()).close();
    } catch (error) {
      signal?.throwIfAborted();
      throw await explain(error);
    } finally {
      signal?.removeEventListener("abort", close);
      close();
    }
  }
}

/** @throws {DaemonRefused} when it is not what was asked for. */
export async function daemonText(
  socket: string,
  path: string,
  options?: DaemonStreamOptions,
): Promise<string> {
  return await new Response(daemonStream(socket, path, options)).text();
}

/** Cuts what an HTTP answer begins with off its first chunk. */
function parseHead(chunk: Uint8Array | undefined) {
  const text = new TextDecoder("latin1").decode(
    chunk?.subarray(0, LONGEST_HEAD),
  );
  const end = text.indexOf("\r\n\r\n");
  const status = /^HTTP\/1\.\d (\d{3})[ \r]/.exec(text)?.[1];
  if (chunk === undefined || end === -1 || status === undefined) {
    throw new Error("docker's daemon does not answer in HTTP");
  }
  return { status: Number(status), rest: chunk.subarray(end + 4) };
}

async function* chunksOf(connection: Deno.Conn) {
  for (;;) {
    const chunk = new Uint8Array(CHUNK);
    let length = 0;
    while (length < CHUNK) {
      const read = await connection.read(chunk.subarray(length));
      if (read === null) break;
      length += read;
    }
    if (length === 0) return;
    yield chunk.subarray(0, length);
  }
}

function messageIn(body: Uint8Array): string {
  const text = new TextDecoder().decode(body);
  try {
    const { message } = JSON.parse(text);
    if (typeof message === "string") return message;
  } catch {
    // Proxies and old daemons answer in plain text.
  }
  return text.trim();
}
