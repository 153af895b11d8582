/**
 * An answer of the docker daemon as a stream of bytes, read from its Unix socket
 * without the client in between. HTTP/1.0 on purpose: the body then comes as it
 * is and ends with the connection, and is read three times as fast as by `fetch`
 * or `node:http`, which take a chunked one apart.
 *
 * @module
 */

/** The daemon answered, but not with what was asked for. */
export class DaemonRefused extends Error {
  override name = "DaemonRefused";
  constructor(
    readonly path: string,
    readonly status: number,
    /** What it says about it. */
    readonly output: string,
  ) {
    super(`docker's daemon answered ${status} to GET ${path}`);
  }
}

/** How an answer is read. */
export interface DaemonStreamOptions {
  /** Closes the connection and errors the stream with its reason. */
  signal?: AbortSignal;
  /** Makes the error for the reader of what went wrong. */
  explain?: (error: unknown) => unknown | Promise<unknown>;
}

/** Bytes in each chunk but the last: few turns, and they stay in the core's cache. */
const CHUNK = 2 ** 18;
/** Bytes after which a head that does not end is given up. */
const LONGEST_HEAD = 2 ** 16;

/**
 * Streams the body of an answer. The request is sent with the first read, and
 * the connection closed when the reader cancels. A body that is cut off ends
 * early, as HTTP/1.0 has it: whoever reads must notice by what it holds, unless
 * it is because the daemon is gone.
 *
 * @param path What is asked for, with its query.
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
    let body: Body | undefined;
    const onAbort = () => body?.close();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const connection = await connect();
      body = new Body(connection);
      signal?.throwIfAborted(); // It may have been while we connected.
      await send(connection, path);
      const status = await body.status();
      if (status !== 200) {
        const reason = messageIn(await body.next());
        throw new DaemonRefused(path, status, reason);
      }
      for (;;) {
        const chunk = await body.next();
        if (chunk === undefined) break;
        yield chunk;
      }
      // Nobody listens any more where a daemon was killed.
      (await connect()).close();
    } catch (error) {
      signal?.throwIfAborted();
      throw await explain(error);
    } finally {
      signal?.removeEventListener("abort", onAbort);
      body?.close();
    }
  }
}

/**
 * The whole body of an answer, as text.
 *
 * @throws {DaemonRefused} when it is not what was asked for.
 */
export async function daemonText(
  socket: string,
  path: string,
  options?: DaemonStreamOptions,
): Promise<string> {
  return await new Response(daemonStream(socket, path, options)).text();
}

/** The answer on a connection: its status, and then its body. */
class Body {
  readonly #connection: Deno.Conn;
  #closed = false;
  /** What came with the head but belongs to the body. */
  #rest = new Uint8Array(0);

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  close(): void {
    if (!this.#closed) this.#connection.close();
    this.#closed = true;
  }

  /** Reads the head. */
  async status(): Promise<number> {
    const head = new Uint8Array(LONGEST_HEAD);
    let length = 0;
    for (;;) {
      const read = await this.#connection.read(head.subarray(length));
      const text = latin1.decode(head.subarray(0, length += read ?? 0));
      const end = text.indexOf("\r\n\r\n");
      const status = /^HTTP\/1\.\d (\d{3})[ \r]/.exec(text)?.[1];
      if (end !== -1 && status !== undefined) {
        this.#rest = head.slice(end + 4, length);
        return Number(status);
      }
      if (!read) throw new Error("docker's daemon does not answer in HTTP");
    }
  }

  /** The next bytes; `undefined` at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const chunk = new Uint8Array(CHUNK);
    chunk.set(this.#rest);
    let length = this.#rest.length;
    this.#rest = new Uint8Array(0);
    while (length < CHUNK) {
      const read = await this.#connection.read(chunk.subarray(length));
      if (read === null) break;
      length += read;
    }
    return length === 0 ? undefined : chunk.subarray(0, length);
  }
}

const latin1 = new TextDecoder("latin1");

async function send(connection: Deno.Conn, path: string): Promise<void> {
  let rest = new TextEncoder().encode(
    `GET ${path} HTTP/1.0\r\nHost: docker\r\n\r\n`,
  );
  while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
}

/** The `message` of a refusal, or all of it when it is not of that form. */
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
