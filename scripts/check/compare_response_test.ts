import { assertEquals } from "@std/assert";
import { compareResponse } from "./compare_response.ts";
import type { HttpResponse } from "./http_message.ts";

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
