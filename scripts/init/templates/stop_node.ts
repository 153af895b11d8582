/**
 * Stops a server of `node:http` on SIGTERM and SIGINT without losing a request.
 * As PID 1 of a container it would not get the default action and be killed
 * instead. It is loaded before the service by `deno compile --preload`.
 *
 * @module
 */
import { type IncomingMessage, Server, type ServerResponse } from "node:http";
import process from "node:process";

/** How long requests are still taken, each as the last one of its connection. */
const DRAIN_MS = 100;
/** How long a request in flight may take. */
const GRACE_MS = 5_000;

let stopping = false;
const servers = new Set<Server>();
const { emit } = Server.prototype;

Server.prototype.emit = function (this: Server, event, ...args: unknown[]) {
  servers.add(this);
  if (event === "request" && stopping) {
    const [, response] = args as [IncomingMessage, ServerResponse];
    response.setHeader("connection", "close");
  }
  return Reflect.apply(emit, this, [event, ...args]);
};

function stop() {
  if (stopping) process.exit(1);
  stopping = true;
  setTimeout(async () => {
    await Promise.all([...servers].map((server) =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeIdleConnections();
      })
    ));
    process.exit(0);
  }, DRAIN_MS);
  setTimeout(() => process.exit(0), GRACE_MS);
}
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
