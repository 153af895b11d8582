import { assertEquals } from "@std/assert";
import { readSource } from "./read_source.ts";

const PORTS: [source: string, port: number][] = [
  ["const DEFAULT_PORT = 8080;", 8080],
  ["const port: number = 3001;", 3001],
  ["Deno.serve({ port: 4507 }, handler)", 4507],
  ['Number(Deno.env.get("PORT") ?? 9090)', 9090],
  ['Deno.env.get("PORT") || "7000"', 7000],
  ["if (!text) return 8080;", 8080],
  ["Deno.serve(handler)", 8000],
  ["const report = 8.8000; const x = 80800", 8000],
];

for (const [source, port] of PORTS) {
  Deno.test(`finds port ${port} in ${source}`, () => {
    assertEquals(readSource([source]).port, port);
  });
}

Deno.test("says when the port is only Deno's default", () => {
  assertEquals(
    readSource(["Deno.serve(handler)"]).portSource,
    "the default of Deno.serve",
  );
});

Deno.test("takes the likeliest path for probes, and the root for want of one", () => {
  assertEquals(
    readSource(['app.get("/ping")', "app.get('/healthz')"]).healthPath,
    "/healthz",
  );
  assertEquals(readSource(['get("/healthy")']).healthPath, "/");
});

Deno.test("knows a health check only as a word of its own", () => {
  assertEquals(readSource(['if (arg === "healthcheck")']).healthcheck, true);
  assertEquals(readSource(["// a healthcheck"]).healthcheck, false);
});
