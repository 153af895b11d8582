import { assert, assertEquals, assertRejects } from "@std/assert";
import { burst } from "./burst.ts";
import { contractSchema } from "./contract_schema.ts";
import {
  type FakeProgram,
  serving,
  speaking,
} from "../../testing/fake_engine.ts";

async function send(
  program: FakeProgram,
  { timeLimitMs = 60_000, signal, path }: {
    timeLimitMs?: number;
    signal?: AbortSignal;
    path?: string;
  } = {},
) {
  const contract = contractSchema.parse({
    burst: { path, requests: 500, connections: 8 },
    requests: [{ path: "/", expect: {} }],
  });
  const url = `http://127.0.0.1:${program.port}`;
  try {
    return await burst(url, contract, timeLimitMs, signal);
  } finally {
    await program.destroy();
  }
}

Deno.test("burst() sends as many requests as were asked for", async () => {
  let asked = 0;
  const result = await send(serving(() => {
    asked++;
    return new Response("x");
  }));
  assertEquals(asked, 500);
  assertEquals(result.answered, 500);
  assertEquals(result.failed, 0);
  assertEquals(result.complete, true);
  assertEquals(
    result.perSecond,
    result.answered * 1000 / result.elapsedMs,
  );
});

Deno.test("burst() opens another connection when one is closed", async () => {
  const headers = { connection: "close" };
  const result = await send(serving(() => new Response("x", { headers })));
  assertEquals(result.answered, 500);
});

Deno.test("burst() counts wrong statuses as failed", async () => {
  let asked = 0;
  const result = await send(
    serving(() => new Response(null, { status: asked++ % 2 ? 500 : 200 })),
  );
  assertEquals([result.answered, result.failed], [250, 250]);
  assertEquals(result.failure, "status 500 instead of 200");
  assertEquals(result.complete, true);
});

Deno.test("burst() takes any status on a path of its own", async () => {
  const paths = new Set<string>();
  const result = await send(
    serving((request) => {
      paths.add(new URL(request.url).pathname);
      return new Response(null, { status: 500 });
    }),
    { path: "/heavy" },
  );
  assertEquals([...paths], ["/heavy"]);
  assertEquals([result.answered, result.failed], [500, 0]);
});

Deno.test("burst() comes to an end when nobody answers", async () => {
  const rude = await send(speaking(() => Promise.resolve()));
  assertEquals([rude.answered, rude.failed], [0, 500]);
  const gone = speaking(() => Promise.resolve());
  await gone.destroy();
  const refused = await send(gone);
  assertEquals([refused.answered, refused.failed], [0, 500]);
});

Deno.test("burst() is cut off at its time limit", async () => {
  const silent = speaking(async (connection) => {
    while (await connection.read(new Uint8Array(4096)) !== null);
  });
  const result = await send(silent, { timeLimitMs: 20 });
  assertEquals(result.complete, false);
  assertEquals([result.answered, result.failed], [0, 0]);
});

Deno.test("burst() ends when it is aborted", async () => {
  const controller = new AbortController();
  const program = serving(() => {
    controller.abort(new Error("enough"));
    return new Response("x");
  });
  await assertRejects(
    () => send(program, { signal: controller.signal }),
    Error,
    "enough",
  );
  assert(controller.signal.aborted);
});
