/**
 * Serves what `deno serve` would, for `deno compile` does not know of it.
 *
 * @module
 */
import service from "./served_fixture.ts";

const PORT = 8000;

const may = { name: "env", variable: "PORT" } as const;
const isSet = Deno.permissions.querySync(may).state === "granted";
const port = Number(isSet && Deno.env.get("PORT") || PORT);
const { fetch, onListen }: Deno.ServeDefaultExport = service;

Deno.serve(
  { port, hostname: "0.0.0.0", onListen },
  (request, info) => fetch.call(service, request, info),
);
