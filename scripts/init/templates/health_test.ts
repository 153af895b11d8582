import { assertEquals, assertStringIncludes } from "@std/assert";
import { freePort } from "../../../testing/start_module.ts";

const TEMPLATE = `${import.meta.dirname}/health.ts`;

/** Runs the health check for a port, as an image's HEALTHCHECK does. */
async function check(port: number) {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-config", "--quiet", "--allow-env=PORT"],
      ...["--allow-net=127.0.0.1", TEMPLATE, "healthcheck"],
    ],
    env: { PORT: String(port), NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return { code, said: new TextDecoder().decode(stderr) };
}

Deno.test("the health check is well with a 2xx and ill with anything else", async () => {
  let status = 204;
  const paths: string[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      paths.push(new URL(request.url).pathname);
      return new Response(null, { status });
    },
  );
  assertEquals(await check(server.addr.port), { code: 0, said: "" });
  assertEquals(paths, ["/health"]);
  status = 503;
  const { code, said } = await check(server.addr.port);
  assertEquals(code, 1);
  assertStringIncludes(
    said,
    `Unhealthy: GET /health on port ${server.addr.port}: "HTTP`,
  );
});

Deno.test("the health check is ill where nothing listens, and says so", async () => {
  const port = freePort();
  const { code, said } = await check(port);
  assertEquals(code, 1);
  assertStringIncludes(said, `Unhealthy: GET /health on port ${port}: `);
});
