import { assert, assertEquals } from "@std/assert";
import type { Container } from "../engine/engine.ts";
import { parseContract } from "../check/contract_schema.ts";
import { fakeContainer, serving } from "../../testing/fake_engine.ts";
import { measureMemory, settle } from "./measure_memory.ts";

const contract = parseContract(
  JSON.stringify({
    requests: [{ path: "/", expect: {} }],
    burst: { requests: 100, connections: 4 },
  }),
  "contract.json",
);

function serves(container: Container) {
  return { container, url: container.url ?? "" };
}

async function settled(looks: number[]) {
  let at = 0;
  let waited = 0;
  const process = await settle(
    () => {
      const rssBytes = looks[Math.min(at++, looks.length - 1)];
      return Promise.resolve({ pid: 1, rssBytes, peakBytes: 0, cpuMs: 0 });
    },
    (milliseconds) => {
      waited += milliseconds;
      return Promise.resolve();
    },
  );
  return { rss: process?.rssBytes, looks: at, waited };
}

Deno.test("settle() waits for four looks within 1 %", async () => {
  assertEquals(await settled([1000]), { rss: 1000, looks: 4, waited: 300 });
  assertEquals(await settled([500, 700, 900, 1000, 1001, 1002, 1003]), {
    rss: 1003,
    looks: 7,
    waited: 600,
  });
});

Deno.test("settle() takes the last look of one that never settles", async () => {
  const growing = Array.from({ length: 99 }, (_, index) => 1000 + index * 100);
  assertEquals(await settled(growing), { rss: 4900, looks: 40, waited: 3900 });
});

Deno.test("settle() of a process that has gone", async () => {
  const read = () => Promise.resolve(undefined);
  assertEquals(await settle(read, () => Promise.resolve()), undefined);
});

Deno.test("measureMemory() of this very process, under a burst", async () => {
  let asked = 0;
  await using container = {
    ...fakeContainer(serving(() => {
      asked++;
      return new Response();
    })),
    pid: () => Promise.resolve(Deno.pid),
  };
  const memory = await measureMemory(serves(container), contract);
  assertEquals(asked, 100);
  assert(memory !== undefined);
  assert(memory.idle > 10e6 && memory.loaded > 10e6);
  assert(memory.peak >= memory.idle && memory.peak >= memory.loaded);
});

Deno.test("measureMemory() where the process cannot be seen", async () => {
  await using container = fakeContainer(serving(() => new Response()));
  assertEquals(await measureMemory(serves(container), contract), undefined);
});
