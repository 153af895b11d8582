/**
 * What a service needs to live in a container: a port from the environment, an
 * end that loses no request, and a health check that needs no shell.
 *
 * @module
 */

/** How long after a signal requests are still taken, in ms. */
const DRAIN_MS = 100;
/** How long a request in flight may take after a signal; Docker kills after 10 s. */
const GRACE_MS = 5_000;
/** How long the health check waits for an answer, in ms. */
const HEALTHCHECK_MS = 2_000;

/**
 * Runs what the command line asks for, `serve` or `healthcheck`, and ends the
 * process: with 0, or with 1 and one line that says why.
 *
 * @param answer What answers the requests.
 */
export async function main(
  answer: (request: Request) => Response | Promise<Response>,
): Promise<never> {
  const [command] = Deno.args;
  try {
    const port = parsePort(Deno.env.get("PORT"));
    if (command === undefined) await serve(port, answer);
    else if (command === "healthcheck") await healthcheck(port);
    else throw new Error(`Cannot run "${command}": expected healthcheck`);
    Deno.exit(0);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    Deno.exit(1);
  }
}

/** The port in `PORT`; empty or absent means 8080. */
function parsePort(text: string | undefined): number {
  if (!text) return 8080;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text);
  throw new RangeError(`Cannot parse PORT "${text}": expected 0 to 65535`);
}

/** Serves until SIGTERM or SIGINT, then finishes what is in flight. */
async function serve(
  port: number,
  answer: (request: Request) => Response | Promise<Response>,
): Promise<void> {
  let draining = false;
  const server = Deno.serve({
    hostname: "0.0.0.0",
    port,
    onListen: ({ port }) => console.log(`Listening on port ${port}`),
  }, async (request) => {
    const response = await answer(request);
    // The busiest clients learn first that the connection is about to close.
    if (draining) response.headers.set("connection", "close");
    return response;
  });
  const stopped = Promise.withResolvers<void>();
  const stop = () => {
    // As PID 1 it would get no default action, so the second signal is ours too.
    if (draining) Deno.exit(1);
    draining = true;
    setTimeout(
      () => server.shutdown().then(stopped.resolve, stopped.reject),
      DRAIN_MS,
    );
    setTimeout(stopped.resolve, GRACE_MS);
  };
  Deno.addSignalListener("SIGTERM", stop);
  Deno.addSignalListener("SIGINT", stop);
  await stopped.promise;
  console.log("Stopped");
}

/**
 * Asks `/health` of the service on this host. It talks to the socket itself, as
 * `fetch` would ask a proxy that the environment names.
 */
async function healthcheck(port: number): Promise<void> {
  const late = setTimeout(() => {
    console.error(`Unhealthy: no answer within ${HEALTHCHECK_MS} ms`);
    Deno.exit(1);
  }, HEALTHCHECK_MS);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = "GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n";
  await connection.write(new TextEncoder().encode(request));
  const answer = await new Response(connection.readable).text();
  clearTimeout(late);
  const [status] = answer.split("\r\n", 1);
  if (!/^HTTP\/1\.[01] 200 /.test(status)) {
    throw new Error(`Unhealthy: it answers "${status}"`);
  }
}
