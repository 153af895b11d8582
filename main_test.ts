import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
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

describe("handler()", () => {
  it("greets at the root", async () => {
    assertEquals(await answer("/"), greeting);
  });

  it("says that it is well", async () => {
    assertEquals(await answer("/health"), health);
  });

  it("answers a HEAD with the headers of the GET", async () => {
    assertEquals((await answer("/", "HEAD")).type, greeting.type);
    assertEquals((await answer("/health", "HEAD")).type, health.type);
    assertEquals((await answer("/nothing", "HEAD")).status, 404);
  });

  it("ignores the query", async () => {
    assertEquals(await answer("/?"), greeting);
    assertEquals(await answer("/?a=/health"), greeting);
    assertEquals(await answer("/health?a=/b?c"), health);
  });

  it("finds nothing at any other path", async () => {
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

  it("finds nothing with any other method", async () => {
    for (
      const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"]
    ) {
      assertEquals((await answer("/", method)).status, 404, method);
      assertEquals((await answer("/health", method)).status, 404, method);
    }
  });

  it("gives each request an answer of its own", async () => {
    const request = new Request(`${ORIGIN}/`);
    handler(request).headers.set("content-type", "text/plain");
    assertEquals(await answer("/"), greeting);
  });
});

describe("parsePort()", () => {
  it("takes 8080 when there is none", () => {
    assertEquals(parsePort(undefined), 8080);
    assertEquals(parsePort(""), 8080);
  });

  it("reads the whole range", () => {
    assertEquals(["0", "1", "8080", "65535"].map(parsePort), [
      0,
      1,
      8080,
      65535,
    ]);
  });

  it("refuses anything else, and quotes it", () => {
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
});

describe("healthcheck()", () => {
  it("passes when the service answers 200", async () => {
    await using server = listen(handler);
    await healthcheck(server.addr.port);
  });

  it("fails on any other status", async () => {
    await using server = listen(() => new Response("", { status: 503 }));
    await assertRejects(
      () => healthcheck(server.addr.port),
      Error,
      "503 Service Unavailable",
    );
  });

  it("fails when nothing listens", async () => {
    const server = listen(handler);
    await server.shutdown();
    await assertRejects(
      () => healthcheck(server.addr.port),
      Error,
      `Unhealthy on port ${server.addr.port}`,
    );
  });

  it("fails when the answer does not come in time", async () => {
    const held = Promise.withResolvers<Response>();
    await using server = listen(() => held.promise);
    await assertRejects(
      () => healthcheck(server.addr.port, 50),
      Error,
      "no answer within 50 ms",
    );
    held.resolve(new Response());
  });

  it("fails when the connection closes without an answer", async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const closing = listener.accept().then((connection) => connection.close());
    await assertRejects(() => healthcheck(listener.addr.port), Error);
    await closing;
  });
});

function listen(answer: (request: Request) => Response | Promise<Response>) {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
}
