import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { spy } from "@std/testing/mock";
import { handler, healthcheck, parsePort } from "./main.ts";

const ORIGIN = "http://127.0.0.1:8080";

async function answer(path: string, method = "GET") {
  const response = handler(new Request(`${ORIGIN}${path}`, { method }));
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    body: await response.text(),
  };
}

const greeting = {
  status: 200,
  type: "text/html; charset=utf-8",
  body: "Hello, Deno! <3",
};
const health = {
  status: 200,
  type: "application/json",
  body: '{"Status":"OK"}',
};

Deno.test("handler() greets at the root", async () => {
  assertEquals(await answer("/"), greeting);
});

Deno.test("handler() says that it is well", async () => {
  assertEquals(await answer("/health"), health);
});

Deno.test("handler() answers a HEAD with the headers of the GET", async () => {
  assertEquals((await answer("/", "HEAD")).type, greeting.type);
  assertEquals((await answer("/health", "HEAD")).type, health.type);
  assertEquals((await answer("/nothing", "HEAD")).status, 404);
});

Deno.test("handler() ignores the query", async () => {
  assertEquals(await answer("/?"), greeting);
  assertEquals(await answer("/?a=/health"), greeting);
  assertEquals(await answer("/health?a=/b?c"), health);
});

Deno.test("handler() finds nothing at any other path", async () => {
  const paths = [
    "/health/",
    "//",
    "/Health",
    "/healt",
    "/healthy",
    "/%68ealth",
    "/health%2f",
    "/health;a",
    "/a/health",
    "/index.html",
    `/${"a".repeat(60_000)}`,
  ];
  for (const path of paths) {
    assertEquals((await answer(path)).status, 404, path.slice(0, 20));
  }
});

Deno.test("handler() finds nothing with any other method", async () => {
  for (
    const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"]
  ) {
    assertEquals((await answer("/", method)).status, 404, method);
    assertEquals((await answer("/health", method)).status, 404, method);
  }
});

Deno.test("handler() gives each request an answer of its own", async () => {
  const request = new Request(`${ORIGIN}/`);
  handler(request).headers.set("content-type", "text/plain");
  assertEquals(await answer("/"), greeting);
});

Deno.test("parsePort() takes 8080 when there is none", () => {
  assertEquals(parsePort(undefined), 8080);
  assertEquals(parsePort(""), 8080);
});

Deno.test("parsePort() reads the whole range", () => {
  assertEquals(["0", "1", "8080", "65535"].map(parsePort), [
    0,
    1,
    8080,
    65535,
  ]);
});

Deno.test("parsePort() refuses anything else, and quotes it", () => {
  const bad = ["x", "-1", "65536", "1.5", " 80", "80 ", "1e3", "0x50", "١"];
  for (const text of bad) {
    assertThrows(
      () => parsePort(text),
      RangeError,
      `Cannot parse port "${text}": expected 0 to 65535`,
    );
  }
  assertThrows(() => parsePort("8\n0"), RangeError, String.raw`"8\n0"`);
});

Deno.test("healthcheck() passes when the service answers 200", async () => {
  await using server = listen(handler);
  await healthcheck(server.addr.port);
});

Deno.test("healthcheck() fails on any other status", async () => {
  await using server = listen(() => new Response("", { status: 503 }));
  await assertRejects(
    () => healthcheck(server.addr.port),
    Error,
    "503 Service Unavailable",
  );
});

Deno.test("healthcheck() fails when nothing listens", async () => {
  const server = listen(handler);
  await server.shutdown();
  await assertRejects(
    () => healthcheck(server.addr.port),
    Error,
    `Unhealthy on port ${server.addr.port}`,
  );
});

Deno.test("healthcheck() fails when the answer does not come in time", async () => {
  const held = Promise.withResolvers<Response>();
  await using server = listen(() => held.promise);
  await assertRejects(
    () => healthcheck(server.addr.port, 50),
    Error,
    "no answer within 50 ms",
  );
  held.resolve(new Response());
});

Deno.test("healthcheck() fails when the connection closes without an answer", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const closing = listener.accept().then((connection) => connection.close());
  await assertRejects(() => healthcheck(listener.addr.port), Error);
  await closing;
});

Deno.test("healthcheck() connects to this host alone, whatever proxy is set", async () => {
  await using server = listen(handler);
  const { port } = server.addr;
  using connect = spy(Deno, "connect");
  await healthcheck(port);
  assertEquals(connect.calls.map(({ args }) => args), [[
    { hostname: "127.0.0.1", port },
  ]]);
});

function listen(answer: (request: Request) => Response | Promise<Response>) {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
}
