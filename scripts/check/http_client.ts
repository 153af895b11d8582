/** HTTP/1.1 over TCP to this machine, with requests that fetch corrects. @module */
import { Buffer } from "node:buffer";
import { orAbort } from "./time_limit.ts";

export interface HttpResponse {
  status: number;
  /** By lower-case name; repeated ones are joined with `, `. */
  headers: Map<string, string>;
  body: Uint8Array;
}

export interface HttpRequest {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Thrown when the other side ends the connection before an answer is whole. */
export class ClosedError extends Error {
  override name = "ClosedError";
  /** `received` is how many bytes of the answer had come. */
  constructor(readonly received: number, options?: ErrorOptions) {
    super(
      received === 0
        ? "the connection was closed without an answer"
        : `the connection was closed ${received} bytes into the answer`,
      options,
    );
  }
}

/** A request as it is, with `Host` and `Content-Length` unless they are given. */
export function formatRequest(request: HttpRequest): string {
  const { method = "GET", path, headers = {}, body = "" } = request;
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  let text = `${method} ${path} HTTP/1.1\r\n`;
  if (!names.has("host")) text += "Host: 127.0.0.1\r\n";
  for (const [name, value] of Object.entries(headers)) {
    text += `${name}: ${value}\r\n`;
  }
  if (body !== "" && !names.has("content-length")) {
    text += `Content-Length: ${encoder.encode(body).length}\r\n`;
  }
  return `${text}\r\n${body}`;
}

function parseHead(text: string): Omit<HttpResponse, "body"> {
  const [first, ...lines] = text.split("\r\n");
  const match = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first);
  if (!match) {
    const start = JSON.stringify(first.slice(0, 60));
    throw new Error(`not an HTTP answer: ${start}`);
  }
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) {
      throw new Error(`not a header: ${JSON.stringify(line)}`);
    }
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { status: Number(match[1]), headers };
}

/** Whether the server will take no more requests on this connection. */
export function saysClose(response: Pick<HttpResponse, "headers">): boolean {
  return /\bclose\b/i.test(response.headers.get("connection") ?? "");
}

/** Bytes after which a head that does not end is given up. */
const MAX_HEAD = 1 << 20;
const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");

export class HttpConnection implements Disposable {
  #onAbort = () => this.#close();
  #closed = false;
  #buffer = new Uint8Array(16_384);
  #start = 0;
  #end = 0;
  /** Bytes of the answer being read that were taken out of the buffer. */
  #taken = 0;

  private constructor(
    private readonly connection: Deno.TcpConn,
    private readonly signal?: AbortSignal,
  ) {
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Connects to `http://127.0.0.1:<port>`; the signal closes it, now or later. */
  static async open(
    url: string,
    signal?: AbortSignal,
  ): Promise<HttpConnection> {
    const { hostname, port } = new URL(url);
    if (hostname !== "127.0.0.1") {
      throw new TypeError(`Cannot connect to "${hostname}": not this machine`);
    }
    signal?.throwIfAborted();
    const connecting = Deno.connect({ hostname, port: Number(port || 80) });
    const connection = await orAbort(connecting, signal).catch((error) => {
      connecting.then((late) => late.close(), () => {});
      throw error;
    });
    connection.setNoDelay(true);
    return new HttpConnection(connection, signal);
  }

  /** Writes bytes, or text as UTF-8. */
  async send(data: string | Uint8Array): Promise<void> {
    let rest = typeof data === "string" ? encoder.encode(data) : data;
    try {
      while (rest.length > 0) {
        rest = rest.subarray(await this.connection.write(rest));
      }
    } catch (cause) {
      this.signal?.throwIfAborted();
      throw new ClosedError(0, { cause });
    }
  }

  /** Reads an answer, passing over interim ones (1xx); throws when it is not whole. */
  async receive(method = "GET"): Promise<HttpResponse> {
    for (;;) {
      this.#taken = 0;
      const { status, headers } = await this.#readHead();
      if (status < 200 && status !== 101) continue;
      const bodiless = method === "HEAD" || status < 200 || status === 204 ||
        status === 304;
      const body = bodiless ? new Uint8Array() : await this.#readBody(headers);
      return { status, headers, body };
    }
  }

  async request(request: HttpRequest): Promise<HttpResponse> {
    await this.send(formatRequest(request));
    return await this.receive(request.method);
  }

  /** Reads until the other side closes; returns how many bytes came. */
  async drain(): Promise<number> {
    let bytes = 0;
    do {
      bytes += this.#end - this.#start;
      this.#start = this.#end;
    } while (await this.#fill() > 0);
    return bytes;
  }

  [Symbol.dispose](): void {
    this.signal?.removeEventListener("abort", this.#onAbort);
    this.#close();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.connection.close();
  }

  /** Reads more, or finds that the answer ends before it is whole. */
  async #more(): Promise<void> {
    if (await this.#fill() > 0) return;
    throw new ClosedError(this.#taken + this.#end - this.#start);
  }

  /** Reads more into the buffer; 0 at the end, also when it is cut off. */
  async #fill(): Promise<number> {
    if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    if (this.#end === this.#buffer.length) {
      const larger = new Uint8Array(this.#buffer.length * 2);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    try {
      const count =
        await this.connection.read(this.#buffer.subarray(this.#end)) ?? 0;
      this.#end += count;
      return count;
    } catch {
      // A reset is an end too; the caller says how far the answer had come.
      this.signal?.throwIfAborted();
      return 0;
    }
  }

  async #readHead(): Promise<Omit<HttpResponse, "body">> {
    for (let scanned = 0;;) {
      const at = Buffer.from(this.#buffer.buffer, 0, this.#end)
        .indexOf("\r\n\r\n", this.#start + scanned);
      if (at >= 0) {
        const head = await this.#take(at + 4 - this.#start);
        return parseHead(latin1.decode(head.subarray(0, -4)));
      }
      const received = this.#end - this.#start;
      scanned = Math.max(0, received - 3);
      if (received > MAX_HEAD) {
        throw new Error("the head of the answer does not end");
      }
      await this.#more();
    }
  }

  async #readBody(headers: Map<string, string>): Promise<Uint8Array> {
    if (/\bchunked\b/i.test(headers.get("transfer-encoding") ?? "")) {
      return await this.#readChunks();
    }
    const length = headers.get("content-length");
    if (length !== undefined) {
      if (!/^\d+$/.test(length)) {
        throw new Error(`content-length "${length}" is not a number`);
      }
      return await this.#take(Number(length));
    }
    while (await this.#fill() > 0);
    return await this.#take(this.#end - this.#start);
  }

  async #readChunks(): Promise<Uint8Array> {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for (;;) {
      const line = await this.#readLine();
      if (!/^[0-9a-f]+\s*(;|$)/i.test(line)) {
        throw new Error(`chunk size "${line}" is not a number`);
      }
      const size = parseInt(line, 16);
      if (size === 0) break;
      chunks.push(await this.#take(size));
      await this.#take(2);
    }
    while (await this.#readLine() !== "");
    return await new Blob(chunks).bytes();
  }

  async #readLine(): Promise<string> {
    for (;;) {
      const at = this.#buffer.subarray(this.#start, this.#end).indexOf(10);
      if (at >= 0) return latin1.decode(await this.#take(at + 1)).trimEnd();
      await this.#more();
    }
  }

  async #take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    while (this.#end - this.#start < length) await this.#more();
    const bytes = this.#buffer.slice(this.#start, this.#start + length);
    this.#start += length;
    this.#taken += length;
    return bytes;
  }
}
