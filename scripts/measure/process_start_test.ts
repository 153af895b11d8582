import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Container } from "../model.ts";
import { type Contract, parseContract } from "./contract_schema.ts";
import { fakeContainer, speaking } from "./fake_engine.ts";
import { measureProcessStarts } from "./process_start.ts";
import { waitUntilReady } from "./wait_until_ready.ts";

const contract: Contract = parseContract(
  JSON.stringify({ requests: [{ path: "/", expect: {} }] }),
  "contract.json",
);

const SERVICE = `Deno.serve({
  hostname: "127.0.0.1",
  port: Number(Deno.env.get("PORT")),
  onListen: ({ port }) => console.log(port),
}, () => new Response(Deno.env.get("MARK")))`;

/** A process of this machine in the place of a container. */
async function withProcess(
  env: Record<string, string>,
  work: (container: Container) => Promise<void>,
): Promise<void> {
  await using child = new Deno.Command(Deno.execPath(), {
    args: ["eval", SERVICE],
    env: { PORT: "0", NO_COLOR: "1", ...env },
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const port = new TextDecoder().decode(value).trim();
  await reader.cancel();
  try {
    const container: Container = {
      url: `http://127.0.0.1:${port}`,
      startedAt: performance.now(),
      exited: child.status.then(({ code }) => code),
      pid: () => Promise.resolve(child.pid),
      logs: () => Promise.resolve(""),
      kill: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    await waitUntilReady(container, contract);
    await work(container);
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

Deno.test("measureProcessStarts() starts the program of the container again", async () => {
  await withProcess({}, async (container) => {
    const starts = await measureProcessStarts(container, contract, { runs: 2 });
    assert("startMs" in starts, JSON.stringify(starts));
    assertEquals(starts.startMs.runs, 2);
    assert(starts.startMs.samples.every((sample) => sample > 0));
  });
});

Deno.test("measureProcessStarts() says why it cannot", async () => {
  await using unseen = fakeContainer(speaking(() => Promise.resolve()));
  assertEquals(await measureProcessStarts(unseen, contract, { runs: 1 }), {
    skipped: "this machine does not see the process",
  });
  await withProcess({}, async (container) => {
    const impossible = { ...contract, healthStatus: 599, readyTimeoutMs: 300 };
    const starts = await measureProcessStarts(container, impossible, {
      runs: 1,
    });
    assert("skipped" in starts);
    assertStringIncludes(starts.skipped, "outside its image: No good answer");
  });
});
