import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { EXIT, UserError } from "../lib/errors.ts";
import type { Container, Engine } from "../engine/engine.ts";
import { type Contract, contractSchema } from "./contract_schema.ts";
import { parseJson } from "../lib/parse_json.ts";
import { fakeContainer, serving, speaking } from "../../testing/fake_engine.ts";
import { runService, waitUntilReady } from "./run_service.ts";

const contract = contractSchema.parse({
  requests: [{ path: "/", expect: { status: 200 } }],
});

/** An engine whose services end at once, as if somebody had their port. */
function robbed(times: number) {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("ok"),
  );
  let runs = 0;
  const nothing = { stop: () => Promise.resolve(0), destroy() {} };
  const run = (): Promise<Container> =>
    Promise.resolve(
      ++runs > times ? fakeContainer({ ...nothing, port: server.addr.port }) : {
        ...fakeContainer({ ...nothing, died: Promise.resolve(1) }),
        url: "http://127.0.0.1:1",
        portWasTaken: () => true,
      },
    );
  const engine = { run } as unknown as Engine;
  return {
    target: { engine, image: "x", port: 8080, contract },
    runs: () => runs,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("runService() takes another port when somebody was quicker", async () => {
  await using engine = robbed(2);
  await using service = await runService(engine.target);
  assertEquals(engine.runs(), 3);
  assertEquals(typeof service.container.url, "string");
});

Deno.test("runService() gives up when it happens each time", async () => {
  await using engine = robbed(9);
  await assertRejects(() => runService(engine.target), UserError);
  assertEquals(engine.runs(), 5);
});

function changed(changes: Partial<Contract> = {}): Contract {
  const text = JSON.stringify({ requests: [{ path: "/", expect: {} }] });
  return { ...parseJson(text, "contract.json", contractSchema), ...changes };
}

Deno.test("waitUntilReady() asks until the status is right", async () => {
  let asked = 0;
  const paths = new Set<string>();
  await using container = fakeContainer(serving((request) => {
    paths.add(new URL(request.url).pathname);
    return new Response(null, { status: ++asked < 4 ? 503 : 200 });
  }));
  assert(await waitUntilReady(container, changed()) > 0);
  assertEquals(asked, 4);
  assertEquals([...paths], ["/health"]);
});

Deno.test("waitUntilReady() takes any status when told so", async () => {
  let asked = 0;
  await using container = fakeContainer(
    serving(() => new Response(null, { status: 404 + asked++ })),
  );
  await waitUntilReady(container, changed({ healthStatus: "any" }));
  assertEquals(asked, 1);
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
      () => waitUntilReady(container, changed({ readyTimeoutMs: 100 })),
      UserError,
      "No good answer from /health within 100 ms",
    );
    assertStringIncludes(error.message, seen);
    assertStringIncludes(error.next, "readyTimeoutMs");
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
    () => waitUntilReady(container, changed()),
    UserError,
    "ended with exit code 3 before it answered",
  );
  assertEquals(error.output, "cannot find module");
});

Deno.test("waitUntilReady() ends when it is aborted", async () => {
  const controller = new AbortController();
  await using container = fakeContainer(serving(() => {
    controller.abort(new Error("enough"));
    return new Response(null, { status: 503 });
  }));
  await assertRejects(
    () => waitUntilReady(container, changed(), { signal: controller.signal }),
    Error,
    "enough",
  );
});
