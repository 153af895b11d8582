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
  type FakeProgram,
  serving,
  speaking,
} from "../../testing/fake_engine.ts";
import {
  bisect,
  distribution,
  holdFile,
  type Measured,
  measureMemory,
  measureServices,
  memoryFloor,
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

const MIB = 1 << 20;
const paced = contractSchema.parse({
  requests: [{ path: "/", expect: {} }],
  burst: { requests: 24, connections: 4 },
});

/** Its speed is that of a timer, which is much the same on a busy machine. */
function slowly(delayMs = 10): FakeProgram {
  return serving(async () => {
    await new Promise((done) => setTimeout(done, delayMs));
    return new Response();
  });
}

/** A floor as found where the process, and so its file, cannot be seen. */
function warm(mib: number) {
  const note =
    "the program was in the page cache already, so a fresh machine needs more; root can measure that";
  return { bytes: mib * MIB, note };
}

async function floor(start: (memoryMiB: number) => FakeProgram) {
  const engine = fakeEngine(({ memoryBytes = Infinity }) =>
    start(memoryBytes / MIB)
  );
  const tried: [number, boolean][] = [];
  try {
    return await memoryFloor(
      { engine, image: "x", port: 8080, contract: paced },
      (bytes, enough) => tried.push([bytes / MIB, enough]),
    );
  } finally {
    assertEquals(engine.running(), 0);
    assertEquals(tried.length <= 8, true);
  }
}

/** Ends before it answers, as one does that is out of memory. */
const killed = (): FakeProgram => ({
  destroy: () => {},
  stop: () => Promise.resolve(137),
  died: Promise.resolve(137),
  port: 1,
});

Deno.test("memoryFloor() finds where it starts to be killed", async () => {
  assertEquals(await floor((mib) => mib < 29 ? killed() : slowly()), warm(32));
});

Deno.test("memoryFloor() finds where it gets slow", async () => {
  // Ten times as slow: far from the border of twice, on any machine.
  assertEquals(await floor((mib) => slowly(mib < 24 ? 100 : 10)), warm(24));
});

Deno.test("memoryFloor() finds where it no longer stops cleanly", async () => {
  const start = (mib: number): FakeProgram => {
    const program = slowly();
    return {
      ...program,
      stop: () => program.stop().then(() => mib < 40 ? 137 : 0),
    };
  };
  assertEquals(await floor(start), warm(40));
});

Deno.test("memoryFloor() says why there is none", async () => {
  assertEquals(
    await floor((mib) => mib === Infinity ? slowly() : killed()),
    { note: "it does not serve within 512 MiB" },
  );
  const engine = fakeEngine(() => slowly(), {
    memoryBytes: "no control group",
  });
  const target = { engine, image: "x", port: 8080, contract: paced };
  assertEquals(await memoryFloor(target), { note: "no control group" });
  assertEquals(engine.runs.length, 0);
});

Deno.test("memoryFloor() needs an image that starts at all", async () => {
  await assertRejects(() => floor(killed), UserError, "exit code 137");
});

Deno.test("memoryFloor() tries no more limits after an abort", async () => {
  const controller = new AbortController();
  const engine = fakeEngine(() => slowly());
  const { signal } = controller;
  let tried = 0;
  const search = memoryFloor(
    { engine, image: "x", port: 8080, contract: paced, signal },
    () => {
      tried++;
      controller.abort(new Error("enough"));
    },
  );
  await assertRejects(() => search, Error, "enough");
  assertEquals(tried, 1);
});

const range = Array.from({ length: 125 }, (_, index) => 16 + 4 * index);

Deno.test("bisect() finds every threshold, with few questions", async () => {
  for (let threshold = 0; threshold <= 512; threshold++) {
    let asked = 0;
    const found = await bisect(range, (value) => {
      asked++;
      return Promise.resolve(value >= threshold);
    });
    assertEquals(found, Math.max(16, Math.ceil(threshold / 4) * 4));
    assert(asked <= 8, `${asked} questions for ${threshold}`);
  }
});

Deno.test("bisect() gives up after one question when nothing is enough", async () => {
  const asked: number[] = [];
  const found = await bisect(range, (value) => {
    asked.push(value);
    return Promise.resolve(false);
  });
  assertEquals(found, undefined);
  assertEquals(asked, [512]);
});

Deno.test("bisect() with a single candidate", async () => {
  assertEquals(await bisect([8], () => Promise.resolve(true)), 8);
});

Deno.test("holdFile() keeps a file within reach when its name is gone", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "x".repeat(10_000));
  await using file = await holdFile(path);
  assert(file);
  await Deno.remove(path);
  assertEquals(await file.forget(), true);
  assertEquals(await file.forget(), true);
});

Deno.test("holdFile() of what cannot be opened", async () => {
  assertEquals(await holdFile("/nowhere/at/all"), undefined);
});
