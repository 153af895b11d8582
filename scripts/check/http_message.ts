/**
 * Requests as text, and the head of an answer from text: the pure part of the
 * HTTP client.
 *
 * @module
 */

/** An answer, framed as HTTP/1.1 says. */
export interface HttpResponse {
  status: number;
  /** By lower-case name; repeated ones are joined with `, `. */
  headers: Map<string, string>;
  body: Uint8Array;
}

/** What to send. */
export interface HttpRequest {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Thrown when the other side ends the connection before an answer is whole. */
export class ClosedError extends Error {
  override name = "ClosedError";
  /** Bytes of the answer that had come. */
  readonly received: number;
  constructor(received: number, options?: ErrorOptions) {
    super(
      received === 0
        ? "the connection was closed without an answer"
        : `the connection was closed ${received} bytes into the answer`,
      options,
    );
    this.received = received;
  }
}

/** Thrown when what comes is not HTTP/1.1. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}

/**
 * The text of a well-formed request: adds `Host`, and `Content-Length` when
 * there is a body, unless the headers have them.
 *
 * @param request What to send; method and path are sent as they are.
 */
export function formatRequest(request: HttpRequest): string {
  const { method = "GET", path, headers = {}, body = "" } = request;
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  let text = `${method} ${path} HTTP/1.1\r\n`;
  if (!names.has("host")) text += "Host: 127.0.0.1\r\n";
  for (const [name, value] of Object.entries(headers)) {
    text += `${name}: ${value}\r\n`;
  }
  if (body !== "" && !names.has("content-length")) {
    text += `Content-Length: ${new TextEncoder().encode(body).length}\r\n`;
  }
  return `${text}\r\n${body}`;
}

/**
 * Parses status line and headers.
 *
 * @param text Without the empty line at its end.
 * @throws {ProtocolError} When it is not an HTTP/1.x answer.
 */
export function parseHead(text: string): Omit<HttpResponse, "body"> {
  const [first, ...lines] = text.split("\r\n");
  const match = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first);
  if (!match) {
    throw new ProtocolError(
      `not an HTTP answer: ${JSON.stringify(first.slice(0, 60))}`,
    );
  }
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) {
      throw new ProtocolError(`not a header: ${JSON.stringify(line)}`);
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
