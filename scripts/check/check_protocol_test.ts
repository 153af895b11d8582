import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { contractSchema } from "./contract_schema.ts";
import { fakeContainer, serving, speaking } from "../../testing/fake_engine.ts";
import { checkProtocol } from "./check_protocol.ts";

const contract = contractSchema.parse({
  requests: [{ path: "/", expect: {} }],
});

function health(request: Request): Response {
  return new URL(request.url).pathname === "/health"
    ? new Response("ok")
    : new Response("no", { status: 404 });
}

Deno.test("checkProtocol() passes a sound server", async () => {
  await using container = fakeContainer(serving(health));
  const checks = await checkProtocol(container.url ?? "", contract);
  assertEquals(checks.filter((check) => check.status !== "pass"), []);
  assert(checks.length >= 15);
});

Deno.test("checkProtocol() passes a sound server that answers slowly", async () => {
  await using container = fakeContainer(serving(async (request) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return health(request);
  }));
  const options = { timeLimitMs: 5000 };
  const checks = await checkProtocol(container.url ?? "", contract, options);
  assertEquals(checks.filter((check) => check.status !== "pass"), []);
});

/** A server that looks at nothing but the end of a head, and answers each alike. */
function careless() {
  const answer = new TextEncoder().encode(
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
  );
  return speaking(async (connection) => {
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const count = await connection.read(buffer);
      if (count === null) return;
      const text = new TextDecoder().decode(buffer.subarray(0, count));
      if (text.includes("\r\n\r\n")) await connection.write(answer);
    }
  });
}

Deno.test("checkProtocol() finds the faults of a careless server", async () => {
  const controller = new AbortController();
  await using container = fakeContainer(careless());
  const failed = new Map<string, string>();
  const { signal } = controller;
  const checks = await checkProtocol(container.url ?? "", contract, {
    signal,
    timeLimitMs: 500,
  });
  for (const { name, status, detail = "" } of checks) {
    if (status === "fail") failed.set(name, detail);
  }
  for (
    const [name, detail] of [
      // It answers once what was twenty requests.
      [
        "20 pipelined requests, answered in order",
        "waiting for the answer to request 2 of 20; healthPath alone took",
      ],
      ["HEAD leaves the connection in step", "not an HTTP answer"],
      ["refuses bytes that are not HTTP", "expected 400, got 200"],
      ["refuses two lengths that differ", "expected 400, got 200"],
    ]
  ) assertStringIncludes(failed.get(name) ?? "it passed", detail);
  assert(!failed.has("unusual methods"));
});
