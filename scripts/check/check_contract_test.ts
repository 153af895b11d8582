import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { contractSchema } from "./contract_schema.ts";
import {
  fakeContainer,
  type FakeProgram,
  serving,
  speaking,
} from "../../testing/fake_engine.ts";
import { checkContract, compareResponse } from "./check_contract.ts";
import type { HttpResponse } from "./http_client.ts";

const contract = contractSchema.parse({
  requestTimeoutMs: 5000,
  requests: [
    { path: "/", expect: { status: 200, body: "hello" } },
    { name: "head", method: "HEAD", path: "/", expect: { noBody: true } },
  ],
});

async function check(program: FakeProgram, requestTimeoutMs = 5000) {
  await using container = fakeContainer(program);
  return await checkContract(container.url ?? "", {
    ...contract,
    requestTimeoutMs,
  });
}

Deno.test("checkContract() passes what holds", async () => {
  assertEquals(await check(serving(() => new Response("hello"))), [
    { name: "GET /", status: "pass" },
    { name: "head", status: "pass" },
  ]);
});

Deno.test("checkContract() says what is wrong, line by line", async () => {
  const [first, second] = await check(
    serving(() => new Response("hullo", { status: 201 })),
  );
  assertEquals(first, {
    name: "GET /",
    status: "fail",
    detail:
      'status: expected 200, got 201; body: expected "hello", got "hullo"',
  });
  assertEquals(second.status, "pass");
});

Deno.test("checkContract() sees a body after HEAD", async () => {
  const [, head] = await check(speaking(async (connection) => {
    await connection.read(new Uint8Array(4096));
    await connection.write(
      new TextEncoder().encode(
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      ),
    );
  }));
  assertEquals(head, {
    name: "head",
    status: "fail",
    detail: "body: expected none, got 5 bytes",
  });
});

Deno.test("checkContract() of a service that does not answer", async () => {
  const silent = speaking(async (connection) => {
    while (await connection.read(new Uint8Array(4096)) !== null);
  });
  const [first, second] = await check(silent, 20);
  assertEquals(first.status, "fail");
  assertMatch(
    first.detail ?? "",
    /^no end within 20 ms; it answers nothing since this request: .*handler/,
  );
  assertEquals([second.status, second.detail], [
    "skip",
    "it answers nothing since GET /",
  ]);
});

Deno.test("checkContract() of a service that hangs up or has gone", async () => {
  const rude = speaking(async (connection) => {
    await connection.read(new Uint8Array(4096));
  });
  const [first] = await check(rude);
  assertEquals(first.detail, "the connection was closed without an answer");
  const gone = speaking(() => Promise.resolve());
  await gone.destroy();
  const [refused] = await check(gone);
  assertStringIncludes(refused.detail ?? "", "refused");
});

Deno.test("checkContract() of an answer that never ends names the field", async () => {
  const endless = serving(({ url }) =>
    new Response(url.endsWith("/health") ? "ok" : new ReadableStream({}))
  );
  const [{ status, detail }] = await check(endless, 200);
  assertEquals(status, "fail");
  assertMatch(
    detail ?? "",
    /^no end within 200 ms; requestTimeoutMs in contract\.json/,
  );
});

Deno.test("checkContract() ends when it is aborted", async () => {
  await using container = fakeContainer(serving(() => new Response("hello")));
  await assertRejects(
    () =>
      checkContract(
        container.url ?? "",
        contract,
        AbortSignal.abort(new Error("enough")),
      ),
    Error,
    "enough",
  );
});

function response(body: string, status = 200): HttpResponse {
  return {
    status,
    headers: new Map([["content-type", "text/plain; charset=UTF-8"]]),
    body: new TextEncoder().encode(body),
  };
}

Deno.test("compareResponse() finds nothing wrong with what was asked for", () => {
  assertEquals(compareResponse({}, response("x", 404)), []);
  assertEquals(
    compareResponse({
      status: 200,
      contentType: "text/plain; charset=utf-8",
      headers: { "Content-Type": "text/plain; charset=UTF-8" },
      body: "héllo",
      bodyContains: "é",
    }, response("héllo")),
    [],
  );
  assertEquals(
    compareResponse({ json: { a: 1, b: [2] } }, response('{"b":[2], "a":1}')),
    [],
  );
  assertEquals(compareResponse({ noBody: true }, response("")), []);
});

Deno.test("compareResponse() says what was expected and what came", () => {
  assertEquals(
    compareResponse(
      {
        status: 200,
        contentType: "text/html",
        body: "a",
        headers: { ETag: "x" },
      },
      response("b\x1b[2J", 500),
    ),
    [
      "status: expected 200, got 500",
      'content-type: expected "text/html", got "text/plain; charset=UTF-8"',
      'etag: expected "x", got none',
      'body: expected "a", got "b\\u001b[2J"',
    ],
  );
  assertEquals(compareResponse({ bodyContains: "x" }, response("y")), [
    'body: no "x" in "y"',
  ]);
  assertEquals(compareResponse({ json: {} }, response("y")), [
    'body: expected JSON, got "y"',
  ]);
  assertEquals(compareResponse({ json: { a: 1 } }, response('{"a":2}')), [
    'body: expected {"a":1}, got {"a":2}',
  ]);
  assertEquals(compareResponse({ noBody: true }, response("abc"), 2), [
    "body: expected none, got 5 bytes",
  ]);
  assertEquals(compareResponse({}, response("abc"), 2), [
    "2 bytes came after the end of the answer",
  ]);
});

Deno.test("compareResponse() cuts long bodies in messages", () => {
  const [message] = compareResponse({ body: "" }, response("x".repeat(9999)));
  assertEquals(message.length < 300, true);
});
