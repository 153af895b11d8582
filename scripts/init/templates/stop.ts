/**
 * Stops the service on SIGTERM and SIGINT without losing a request. As PID 1 of
 * a container it would not get the default action and be killed instead. It is
 * loaded before the service by `deno compile --preload`.
 *
 * @module
 */

/** How long requests are still taken, each as the last one of its connection. */
const DRAIN_MS = 100;
/** How long a request in flight may take. */
const GRACE_MS = 5_000;

let stopping = false;
const servers: { shutdown(): Promise<void> }[] = [];
const serve = Deno.serve as (...args: unknown[]) => Deno.HttpServer;

type Answer = Response | Promise<Response>;
// deno-lint-ignore no-explicit-any
type Handler = (...args: any[]) => Answer;

function wrap(handler: Handler): Handler {
  return (...args) => {
    const answer = handler(...args);
    return stopping ? closing(answer) : answer;
  };
}

/** Tells the client to send no more on this connection. */
async function closing(answer: Answer): Promise<Response> {
  const response = await answer;
  if (response.status === 101) return response;
  const { status, statusText } = response;
  const headers = new Headers(response.headers);
  headers.set("connection", "close");
  return new Response(response.body, { status, statusText, headers });
}

Deno.serve = ((...args: unknown[]) => {
  const server = serve(...args.map((arg) => {
    if (typeof arg === "function") return wrap(arg as Handler);
    const { handler } = (arg ?? {}) as { handler?: Handler };
    return handler ? { ...arg as object, handler: wrap(handler) } : arg;
  }));
  servers.push(server);
  return server;
}) as typeof Deno.serve;

function stop() {
  if (stopping) Deno.exit(1);
  stopping = true;
  setTimeout(async () => {
    await Promise.allSettled(servers.map((server) => server.shutdown()));
    Deno.exit(0);
  }, DRAIN_MS);
  setTimeout(() => Deno.exit(0), GRACE_MS);
}
Deno.addSignalListener("SIGTERM", stop);
Deno.addSignalListener("SIGINT", stop);

// A module, whatever package.json says of .ts files.
export {};
