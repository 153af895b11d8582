import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { contractSchema } from "../check/contract_schema.ts";
import type { Target } from "../check/run_service.ts";
import { UserError } from "../lib/errors.ts";
import {
  fakeContainer,
  fakeEngine,
  serving,
  speaking,
} from "../../testing/fake_engine.ts";
import {
  distribution,
  type Measured,
  measureMemory,
  measureServices,
  parseStat,
  parseStatus,
  readTree,
  settle,
} from "./measure_services.ts";
import type { Container } from "../engine/engine.ts";

const contract = contractSchema.parse({
  port: 3000,
  requests: [{ path: "/", expect: {} }],
});

/** Two images on one engine. */
function targets(
  engine: Target["engine"],
  signal?: AbortSignal,
): Map<string, Target> {
  return new Map(["a", "b"].map((name, at) => [
    name,
    { engine, image: `image-${name}`, port: 3000 + at, contract, signal },
  ]));
}

function figures(found: Measured | UserError | undefined): Measured {
  assert(found !== undefined && !(found instanceof UserError), `${found}`);
  return found;
}

Deno.test("measureServices() takes turns", async () => {
  const engine = fakeEngine(() => serving(() => new Response()));
  const told: string[] = [];
  const found = await measureServices(targets(engine), {
    runs: 3,
    onRun: (name, run) => told.push(`${name}${run}`),
  });
  assertEquals(
    engine.runs.map(({ image, port }) => `${image}:${port}`),
    Array(3).fill(["image-a:3000", "image-b:3001"]).flat(),
  );
  assertEquals(told, ["a1", "b1", "a2", "b2", "a3", "b3"]);
  assertEquals([...found.keys()], ["a", "b"]);
  assertEquals(figures(found.get("a")).startMs.runs, 3);
  // This fake has no process to look at; what was not measured is absent.
  assertEquals(Object.keys(figures(found.get("a"))), ["startMs"]);
  assertEquals(engine.running(), 0);
});

Deno.test("measureServices() measures the memory of the last start", async () => {
  let starts = 0;
  let asked = 0;
  const engine = fakeEngine(() => {
    const last = ++starts === 4;
    return {
      ...serving(() => {
        if (last) asked++;
        return new Response();
      }),
      pid: Deno.pid,
    };
  });
  const found = await measureServices(targets(engine), { runs: 2 });
  const { memoryBytes } = figures(found.get("b"));
  assert(memoryBytes !== undefined && memoryBytes.idle > 0);
  assert(memoryBytes.peak >= memoryBytes.loaded);
  // Once until ready, then the burst.
  assert(asked > contract.burst.requests, `${asked}`);
});

Deno.test("measureServices() names one that ends while it is measured", async () => {
  const engine = fakeEngine(() => ({
    ...serving(() => new Response()),
    died: new Promise((resolve) => setTimeout(() => resolve(7), 200)),
  }));
  const [[name, target]] = targets(engine);
  const found = await measureServices(new Map([[name, target]]), { runs: 1 });
  const error = found.get("a");
  assert(error instanceof UserError);
  assertStringIncludes(error.message, "exit code 7 while it was measured");
});

Deno.test("measureServices() tells the program's part, where it makes sense", async () => {
  const share = async (after: number) => {
    const engine = fakeEngine(() => ({
      ...serving(() => new Response()),
      processStartedAt: (startedAt) => startedAt + after,
    }));
    const [[name, target]] = targets(engine);
    const found = await measureServices(new Map([[name, target]]), { runs: 2 });
    const { startMs, processStartMs } = figures(found.get(name));
    assertEquals(startMs.runs, 2);
    return processStartMs?.runs;
  };
  assertEquals(await share(0.01), 2);
  // A clock that was set, forwards or back.
  assertEquals(await share(3_600_000), undefined);
  assertEquals(await share(-3_600_000), undefined);
});

Deno.test("measureServices() goes on when one does not start", async () => {
  const engine = fakeEngine(({ image }) =>
    image === "image-b"
      ? { ...speaking(() => Promise.resolve()), died: Promise.resolve(1) }
      : serving(() => new Response())
  );
  const found = await measureServices(targets(engine), { runs: 1 });
  assertEquals(figures(found.get("a")).startMs.runs, 1);
  const error = found.get("b");
  assert(error instanceof UserError);
  assertStringIncludes(error.message, "exit code 1");
  assertEquals(engine.running(), 0);
});

Deno.test("measureServices() ends when it is aborted", async () => {
  const controller = new AbortController();
  const engine = fakeEngine(() =>
    serving(() => {
      controller.abort(new Error("enough"));
      return new Response();
    })
  );
  await assertRejects(
    () => measureServices(targets(engine, controller.signal), { runs: 1 }),
    Error,
    "enough",
  );
  assertEquals(engine.running(), 0);
});

const bursting = contractSchema.parse({
  requests: [{ path: "/", expect: {} }],
  burst: { requests: 100, connections: 4 },
});

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
  const memory = await measureMemory(serves(container), bursting);
  assertEquals(asked, 100);
  assert(memory !== undefined);
  assert(memory.idle > 10e6 && memory.loaded > 10e6);
  assert(memory.peak >= memory.idle && memory.peak >= memory.loaded);
});

Deno.test("measureMemory() where the process cannot be seen", async () => {
  await using container = fakeContainer(serving(() => new Response()));
  assertEquals(await measureMemory(serves(container), bursting), undefined);
});

Deno.test("distribution() has the median, or the mean of the two in the middle", () => {
  assertEquals(distribution([5]).median, 5);
  assertEquals(distribution([30, 1, 2]).median, 2);
  assertEquals(distribution([10, 2, 100, 4]).median, 7);
});

Deno.test("distribution() has the nearest rank as percentile", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  assertEquals(distribution(hundred).p95, 95);
  // 0.95 * 20 is a little above 19 in binary, which would be rank 20.
  assertEquals(distribution(hundred.slice(80)).p95, 19);
  assertEquals(distribution([3, 1, 2]).p95, 3);
});

Deno.test("distribution() keeps the samples as they were taken", () => {
  const samples = [3, 1, 2];
  assertEquals(distribution(samples), {
    median: 2,
    p95: 3,
    runs: 3,
    samples: [3, 1, 2],
  });
  assertEquals(samples, [3, 1, 2]);
});

const STATUS = `Name:\thello
Umask:\t0022
State:\tS (sleeping)
VmPeak:\t 1234567 kB
VmSize:\t 1034567 kB
VmHWM:\t   62500 kB
VmRSS:\t   50000 kB
RssAnon:\t   20000 kB
Threads:\t12
`;

Deno.test("parseStatus() reads resident memory and its peak, in bytes", () => {
  assertEquals(parseStatus(STATUS), {
    rssBytes: 51_200_000,
    peakBytes: 64_000_000,
  });
});

Deno.test("parseStatus() of a process without memory", () => {
  assertEquals(parseStatus("Name:\tkthreadd\nThreads:\t1\n"), undefined);
  assertEquals(parseStatus(""), undefined);
});

Deno.test("parseStat() counts the fields from the end of the name", () => {
  const rest = "S 41 42 42 0 -1 4194560 100 0 5 0 250 31 7 9 20 0 12 0 99 0";
  assertEquals(parseStat(`42 (hello) ${rest}\n`), 281);
  assertEquals(parseStat(`42 (a) b (c) 1 2) ${rest}\n`), 281);
});

Deno.test("parseStat() of what is not such a line", () => {
  assertEquals(parseStat(""), undefined);
  assertEquals(parseStat("42 hello S 41"), undefined);
  assertEquals(parseStat("42 (hello) S 41 1 2"), undefined);
});

Deno.test("readTree() finds the largest process below a wrapper", async () => {
  const command = new Deno.Command("sh", {
    // The shell waits, so it stays as the parent of what is larger than it; the
    // kernel counts CPU time in steps of 10 ms.
    args: [
      "-c",
      `"${Deno.execPath()}" eval 'const end = performance.now() + 100; while (performance.now() < end); console.log(1); await Deno.stdin.read(new Uint8Array(1))'; true`,
    ],
    stdin: "piped",
    stdout: "piped",
  });
  await using child = command.spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  const found = await readTree(child.pid);
  assert(found !== undefined && found.pid !== child.pid);
  assert(found.rssBytes > 10e6 && found.cpuMs > 0);
  await child.stdin.close();
  await reader.cancel();
  await child.status;
  assertEquals(await readTree(child.pid), undefined);
});
