import { assert, assertEquals, assertRejects } from "@std/assert";
import { UserError } from "../lib/errors.ts";
import { contractSchema } from "../check/contract_schema.ts";
import {
  fakeEngine,
  type FakeProgram,
  serving,
} from "../../testing/fake_engine.ts";
import { bisect, holdFile, memoryFloor } from "./memory_floor.ts";

const MIB = 1 << 20;
const contract = contractSchema.parse({
  requests: [{ path: "/", expect: {} }],
  burst: { requests: 24, connections: 4 },
});

/** Its speed is that of a timer, which is much the same on a busy machine. */
function serves(delayMs = 10): FakeProgram {
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
      { engine, image: "x", port: 8080, contract },
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
  assertEquals(await floor((mib) => mib < 29 ? killed() : serves()), warm(32));
});

Deno.test("memoryFloor() finds where it gets slow", async () => {
  // Ten times as slow: far from the border of twice, on any machine.
  assertEquals(await floor((mib) => serves(mib < 24 ? 100 : 10)), warm(24));
});

Deno.test("memoryFloor() finds where it no longer stops cleanly", async () => {
  const start = (mib: number): FakeProgram => {
    const program = serves();
    return {
      ...program,
      stop: () => program.stop().then(() => mib < 40 ? 137 : 0),
    };
  };
  assertEquals(await floor(start), warm(40));
});

Deno.test("memoryFloor() says why there is none", async () => {
  assertEquals(
    await floor((mib) => mib === Infinity ? serves() : killed()),
    { skipped: "it does not serve within 512 MiB" },
  );
  const engine = fakeEngine(() => serves(), {
    memoryBytes: "no control group",
  });
  const target = { engine, image: "x", port: 8080, contract };
  assertEquals(await memoryFloor(target), { skipped: "no control group" });
  assertEquals(engine.runs.length, 0);
});

Deno.test("memoryFloor() needs an image that starts at all", async () => {
  await assertRejects(() => floor(killed), UserError, "exit code 137");
});

Deno.test("memoryFloor() tries no more limits after an abort", async () => {
  const controller = new AbortController();
  const engine = fakeEngine(() => serves());
  const { signal } = controller;
  let tried = 0;
  const search = memoryFloor(
    { engine, image: "x", port: 8080, contract, signal },
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
