import { assertEquals } from "@std/assert";
import { readHints } from "./read_hints.ts";

const PORTS: [source: string, port: number][] = [
  ["const DEFAULT_PORT = 8080;", 8080],
  ["const port: number = 3001;", 3001],
  ["Deno.serve({ port: 4507 }, handler)", 4507],
  ['Number(Deno.env.get("PORT") ?? 9090)', 9090],
  ['Deno.env.get("PORT") || "7000"', 7000],
  ["function parsePort(text) { if (!text) return 8080; }", 8080],
  ["Deno.serve(handler)", 8000],
  ["const report = 8.8000; const x = 80800", 8000],
];

for (const [source, port] of PORTS) {
  Deno.test(`finds port ${port} in ${source}`, () => {
    assertEquals(readHints([source]).port, port);
  });
}

Deno.test("says when the port is only Deno's default", () => {
  assertEquals(
    readHints(["Deno.serve(handler)"]).portSource,
    "the default of Deno.serve",
  );
});

Deno.test("takes the likeliest path for probes, and the root for want of one", () => {
  assertEquals(
    readHints(['app.get("/ping")', "app.get('/healthz')"]).healthPath,
    "/healthz",
  );
  assertEquals(readHints(['get("/healthy")']).healthPath, "/");
});

Deno.test("knows a health check only as a word of its own", () => {
  assertEquals(readHints(['if (arg === "healthcheck")']).healthcheck, true);
  assertEquals(readHints(["// a healthcheck"]).healthcheck, false);
});
