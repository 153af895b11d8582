import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { EXIT, UserError } from "../lib/errors.ts";
import { type Contract, parseContract } from "./contract_schema.ts";
import { fakeContainer, serving, speaking } from "../../testing/fake_engine.ts";
import { waitUntilReady } from "./wait_until_ready.ts";

function contract(changes: Partial<Contract> = {}): Contract {
  const text = JSON.stringify({ requests: [{ path: "/", expect: {} }] });
  return { ...parseContract(text, "contract.json"), ...changes };
}

Deno.test("waitUntilReady() asks until the status is right", async () => {
  let asked = 0;
  const paths = new Set<string>();
  await using container = fakeContainer(serving((request) => {
    paths.add(new URL(request.url).pathname);
    return new Response(null, { status: ++asked < 4 ? 503 : 200 });
  }));
  const ready = await waitUntilReady(container, contract());
  assertEquals(ready.polls, 4);
  assertEquals([...paths], ["/health"]);
  assert(ready.readyMs > 0);
});

Deno.test("waitUntilReady() takes any status when told so", async () => {
  await using container = fakeContainer(
    serving(() => new Response(null, { status: 404 })),
  );
  const ready = await waitUntilReady(
    container,
    contract({ healthStatus: "any" }),
  );
  assertEquals(ready.polls, 1);
});

Deno.test("waitUntilReady() gives up with what it saw last, and the log", async () => {
  const cases = [
    [
      serving(() => new Response(null, { status: 503 })),
      "status 503 instead of 200",
    ],
    [
      speaking(async (connection) => {
        await connection.write(new TextEncoder().encode("SSH-2.0\r\n\r\n"));
      }),
      "not an HTTP answer",
    ],
  ] as const;
  for (const [program, seen] of cases) {
    await using container = fakeContainer({ ...program, log: "a line" });
    const error = await assertRejects(
      () => waitUntilReady(container, contract({ readyTimeoutMs: 100 })),
      UserError,
      "No good answer from /health within 100 ms",
    );
    assertStringIncludes(error.message, seen);
    assertEquals(error.output, "a line");
    assertEquals(error.exitCode, EXIT.checkFailed);
  }
});

Deno.test("waitUntilReady() hears of the container's end", async () => {
  const program = speaking(() => Promise.resolve());
  await program.destroy();
  await using container = fakeContainer({
    ...program,
    died: Promise.resolve(3),
    log: "cannot find module",
  });
  const error = await assertRejects(
    () => waitUntilReady(container, contract()),
    UserError,
    "ended with exit code 3 before it answered",
  );
  assertEquals(error.output, "cannot find module");
});

Deno.test("waitUntilReady() ends when the user has had enough", async () => {
  const controller = new AbortController();
  await using container = fakeContainer(serving(() => {
    controller.abort(new Error("enough"));
    return new Response(null, { status: 503 });
  }));
  await assertRejects(
    () => waitUntilReady(container, contract(), { signal: controller.signal }),
    Error,
    "enough",
  );
});
