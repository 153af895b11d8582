import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { parseContract } from "./contract_schema.ts";
import {
  fakeContainer,
  type FakeProgram,
  serving,
  speaking,
} from "../../testing/fake_engine.ts";
import { proveContract } from "./prove_contract.ts";

const contract = parseContract(
  JSON.stringify({
    requestTimeoutMs: 5000,
    requests: [
      { path: "/", expect: { status: 200, body: "hello" } },
      { name: "head", method: "HEAD", path: "/", expect: { noBody: true } },
    ],
  }),
  "contract.json",
);

async function prove(program: FakeProgram, requestTimeoutMs = 5000) {
  await using container = fakeContainer(program);
  return await proveContract(container, { ...contract, requestTimeoutMs });
}

Deno.test("proveContract() passes what holds", async () => {
  assertEquals(await prove(serving(() => new Response("hello"))), [
    { name: "GET /", status: "pass" },
    { name: "head", status: "pass" },
  ]);
});

Deno.test("proveContract() says what is wrong, line by line", async () => {
  const [first, second] = await prove(
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

Deno.test("proveContract() sees a body after HEAD", async () => {
  const [, head] = await prove(speaking(async (connection) => {
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

Deno.test("proveContract() of a service that does not answer", async () => {
  const silent = speaking(async (connection) => {
    while (await connection.read(new Uint8Array(4096)) !== null);
  });
  for (const { status, detail = "" } of await prove(silent, 20)) {
    assertEquals(status, "fail");
    assertStringIncludes(detail, "within 20 ms");
  }
});

Deno.test("proveContract() of a service that hangs up or has gone", async () => {
  const rude = speaking(async (connection) => {
    await connection.read(new Uint8Array(4096));
  });
  const [first] = await prove(rude);
  assertEquals(first.detail, "the connection was closed without an answer");
  const gone = speaking(() => Promise.resolve());
  await gone.destroy();
  const [refused] = await prove(gone);
  assertStringIncludes(refused.detail ?? "", "refused");
});

Deno.test("proveContract() ends when the user has had enough", async () => {
  await using container = fakeContainer(serving(() => new Response("hello")));
  await assertRejects(
    () =>
      proveContract(container, contract, {
        signal: AbortSignal.abort(new Error("enough")),
      }),
    Error,
    "enough",
  );
});
