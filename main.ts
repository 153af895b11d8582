/**
 * A small, real HTTP service: what the images ship. With `healthcheck` as its
 * argument it asks the running service instead, for images without a shell.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";

const HOSTNAME = "0.0.0.0";
const DEFAULT_PORT = 8080;

/** How long a request in flight may take after a signal; Docker kills after 10 s. */
const GRACE_MS = 5_000;

/**
 * How long after a signal requests are still taken. A shutdown drops what the
 * client has sent and the server has not read, so that the busiest connections
 * are told first that they are about to close.
 */
const DRAIN_MS = 100;

/** How long the health check waits for an answer. */
const HEALTHCHECK_MS = 2_000;

const GREETING = page("text/html; charset=utf-8", "Hello, Deno! <3");
const HEALTH = page("application/json", JSON.stringify({ Status: "OK" }));
const NOT_FOUND = page("text/plain", "Not Found", STATUS_CODE.NotFound);

/**
 * Prepares an answer once: a clone costs a quarter of what making one does. With
 * an object in place of `Headers`, Deno 2.9's clones have none of them.
 */
function page(
  type: string,
  body: string,
  status: number = STATUS_CODE.OK,
): Response {
  const headers = new Headers({ "content-type": type });
  return new Response(body, { status, headers });
}

/**
 * Answers a request. The path is compared as it was sent: with other escapes or
 * a slash at its end it is another path.
 *
 * @param request The request; its query is ignored and its body never read.
 * @returns A clone of the page, or of 404 for anything but a GET or HEAD of a known
 * path. The server leaves the body out when it answers a HEAD.
 */
export function handler(request: Request): Response {
  const { method, url } = request;
  const known = method === "GET" || method === "HEAD";
  return (known ? find(url) : NOT_FOUND).clone();
}

/** Finds the page of an absolute URL, without the cost of parsing it into a `URL`. */
function find(url: string): Response {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const query = url.indexOf("?", start);
  const length = (query < 0 ? url.length : query) - start;
  if (length === 1) return GREETING;
  if (length === 7 && url.startsWith("/health", start)) return HEALTH;
  return NOT_FOUND;
}

/**
 * Reads a port as people write it in `PORT`.
 *
 * @param text The value; empty or absent means 8080.
 * @returns 0 to 65535; 0 asks the system for a free port.
 * @throws {RangeError} If it is anything but a decimal number in that range.
 */
export function parsePort(text: string | undefined): number {
  if (!text) return DEFAULT_PORT;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65535) {
    throw new RangeError(
      `Cannot parse port ${JSON.stringify(text)}: expected 0 to 65535`,
    );
  }
  return port;
}

/**
 * Serves until SIGTERM or SIGINT, then finishes what is in flight. A second
 * signal ends the process at once; as PID 1 it would get no default action.
 *
 * @param port The port to listen on.
 * @param answer What answers the requests.
 * @returns When every connection is closed, or the time for it is over.
 * @throws {Error} If the port cannot be listened on.
 */
export async function serve(
  port: number,
  answer: Deno.ServeHandler<Deno.NetAddr> = handler,
): Promise<void> {
  let draining = false;
  const server = listen(
    port,
    (request, info) =>
      draining ? lastAnswer(answer(request, info)) : answer(request, info),
  );
  const stopped = Promise.withResolvers<string>();
  let signals = 0;
  const stop = () => {
    if (++signals > 1) Deno.exit(1);
    draining = true;
    // This closes idle connections and waits for answers that are under way,
    // but also, in some versions, for ever on a client that stalls mid-request.
    const shutdown = () =>
      server.shutdown().then(() => stopped.resolve("Stopped"), stopped.reject);
    setTimeout(shutdown, DRAIN_MS);
    const late =
      `Stopped, though requests were unfinished after ${GRACE_MS} ms`;
    setTimeout(() => stopped.resolve(late), GRACE_MS);
  };
  Deno.addSignalListener("SIGTERM", stop);
  Deno.addSignalListener("SIGINT", stop);
  console.log(await stopped.promise);
}

/** An answer that tells the client to send no more on this connection. */
async function lastAnswer(
  answer: Response | Promise<Response>,
): Promise<Response> {
  const response = await answer;
  response.headers.set("connection", "close");
  return response;
}

function listen(
  port: number,
  answer: Deno.ServeHandler<Deno.NetAddr>,
): Deno.HttpServer<Deno.NetAddr> {
  const onListen = (address: Deno.NetAddr) =>
    console.log(`Listening on http://${address.hostname}:${address.port}/`);
  try {
    return Deno.serve({ hostname: HOSTNAME, port, onListen }, answer);
  } catch (cause) {
    const inUse = cause instanceof Deno.errors.AddrInUse;
    const reason = inUse ? "it is in use" : messageOf(cause);
    throw new Error(`Cannot listen on port ${port}: ${reason}`, { cause });
  }
}

/**
 * Asks the service on this host whether it is well. It talks to the socket
 * itself, as `fetch` would ask a proxy that the environment names.
 *
 * @param port The port it listens on.
 * @param patience How long to wait for the answer, in ms.
 * @throws {Error} If it does not answer 200 in time.
 */
export async function healthcheck(
  port: number,
  patience: number = HEALTHCHECK_MS,
): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`no answer within ${patience} ms`)),
    patience,
  );
  try {
    const answer = await Promise.race([askHealth(port), late.promise]);
    if (!answer.startsWith(`HTTP/1.1 ${STATUS_CODE.OK} `)) {
      throw new Error(`it answers ${JSON.stringify(answer)}`);
    }
  } catch (cause) {
    throw new Error(`Unhealthy on port ${port}: ${messageOf(cause)}`, {
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Sends `GET /health` and returns the first line of the answer. */
async function askHealth(port: number): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const request =
    "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close";
  await connection.write(new TextEncoder().encode(`${request}\r\n\r\n`));
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(1024);
  let answer = "";
  while (!answer.includes("\r\n")) {
    const count = await connection.read(buffer);
    if (count === null) break;
    answer += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  return answer.split("\r\n", 1)[0];
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

if (import.meta.main) {
  const [command] = Deno.args;
  try {
    const port = parsePort(Deno.env.get("PORT"));
    if (command === undefined) await serve(port);
    else if (command === "healthcheck") await healthcheck(port);
    else throw new Error(`Cannot run "${command}": expected healthcheck`);
    Deno.exit(0);
  } catch (error) {
    console.error(messageOf(error));
    Deno.exit(1);
  }
}
