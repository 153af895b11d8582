/**
 * The docker daemon, which may be gone the next moment: commands to it by its
 * client, and what it answers itself on its Unix socket.
 *
 * @module
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

/** @throws {EngineGone} when it failed because the daemon is gone. */
export async function attemptDocker(
  command: string,
  args: string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await attempt(command, args, options);
  if (result.code !== 0) await throwIfGone(command, result.output);
  return result;
}

/** The standard output of a command that must succeed, as {@linkcode attemptDocker}. */
export async function runDocker(
  command: string,
  args: string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await attemptDocker(command, args, options);
  if (result.code !== 0) throw new CommandFailed(command, args, result);
  return result.stdout;
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
      await send(opened, path);
      const { status, rest } = await readHead(opened);
      const body = readBody(opened, rest);
      if (status !== 200) {
        const { value } = await body.next();
        throw new DaemonRefused(path, status, messageIn(value ?? undefined));
      }
      yield* body;
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

/** The status, and what came with the head but belongs to the body. */
async function readHead(connection: Deno.Conn) {
  const latin1 = new TextDecoder("latin1");
  const head = new Uint8Array(LONGEST_HEAD);
  let length = 0;
  for (;;) {
    const read = await connection.read(head.subarray(length));
    const text = latin1.decode(head.subarray(0, length += read ?? 0));
    const end = text.indexOf("\r\n\r\n");
    const status = /^HTTP\/1\.\d (\d{3})[ \r]/.exec(text)?.[1];
    if (end !== -1 && status !== undefined) {
      return { status: Number(status), rest: head.slice(end + 4, length) };
    }
    if (!read) throw new Error("docker's daemon does not answer in HTTP");
  }
}

async function* readBody(connection: Deno.Conn, rest: Uint8Array) {
  for (;;) {
    const chunk = new Uint8Array(CHUNK);
    chunk.set(rest);
    let length = rest.length;
    rest = new Uint8Array(0);
    while (length < CHUNK) {
      const read = await connection.read(chunk.subarray(length));
      if (read === null) break;
      length += read;
    }
    if (length === 0) return;
    yield chunk.subarray(0, length);
  }
}

async function send(connection: Deno.Conn, path: string): Promise<void> {
  let rest = new TextEncoder().encode(
    `GET ${path} HTTP/1.0\r\nHost: docker\r\n\r\n`,
  );
  while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
}

function messageIn(body: Uint8Array | undefined): string {
  const text = new TextDecoder().decode(body);
  try {
    const { message } = JSON.parse(text);
    if (typeof message === "string") return message;
  } catch {
    // Proxies and old daemons answer in plain text.
  }
  return text.trim();
}
