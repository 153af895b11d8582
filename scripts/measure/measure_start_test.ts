import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { parseContract } from "../check/contract_schema.ts";
import { fakeEngine, serving, speaking } from "../../testing/fake_engine.ts";
import { measureStarts } from "./measure_start.ts";

const contract = parseContract(
  JSON.stringify({ port: 3000, requests: [{ path: "/", expect: {} }] }),
  "contract.json",
);
const images = [{ name: "a", image: "image-a" }, {
  name: "b",
  image: "image-b",
  port: 9000,
}];

Deno.test("measureStarts() takes turns, after a round that does not count", async () => {
  const engine = fakeEngine(() => serving(() => new Response()));
  const told: string[] = [];
  const { starts, failed } = await measureStarts(engine, images, {
    runs: 3,
    contract,
    onRun: (name, run) => told.push(`${name}${run}`),
  });
  assertEquals(
    engine.runs.map(({ image, port }) => `${image}:${port}`),
    Array(4).fill(["image-a:3000", "image-b:9000"]).flat(),
  );
  assertEquals(told, ["a1", "b1", "a2", "b2", "a3", "b3"]);
  assertEquals([...starts.keys()], ["a", "b"]);
  assertEquals(failed.size, 0);
  assertEquals(starts.get("a")?.startMs.runs, 3);
  // This fake has no process to look at; what was not measured is absent.
  assertEquals(Object.keys(starts.get("a") ?? {}), ["startMs"]);
  assertEquals(engine.running(), 0);
});

Deno.test("measureStarts() tells the program's part, where it makes sense", async () => {
  const share = async (after: number) => {
    const engine = fakeEngine(() => ({
      ...serving(() => new Response()),
      processStartedAt: (startedAt) => startedAt + after,
    }));
    const [image] = images;
    const { starts } = await measureStarts(engine, [image], {
      runs: 2,
      contract,
    });
    const { startMs, processStartMs } = starts.get("a") ?? {};
    assertEquals(startMs?.runs, 2);
    return processStartMs?.runs;
  };
  assertEquals(await share(0.01), 2);
  // A clock that was set, forwards or back.
  assertEquals(await share(3_600_000), undefined);
  assertEquals(await share(-3_600_000), undefined);
});

Deno.test("measureStarts() goes on when one does not start", async () => {
  const engine = fakeEngine(({ image }) =>
    image === "image-b"
      ? { ...speaking(() => Promise.resolve()), died: Promise.resolve(1) }
      : serving(() => new Response())
  );
  const { starts, failed } = await measureStarts(engine, images, {
    runs: 1,
    contract,
  });
  assertEquals([...starts.keys()], ["a"]);
  assertStringIncludes(failed.get("b")?.message ?? "", "exit code 1");
  assertEquals(engine.running(), 0);
});

Deno.test("measureStarts() ends when it is aborted", async () => {
  const controller = new AbortController();
  const engine = fakeEngine(() =>
    serving(() => {
      controller.abort(new Error("enough"));
      return new Response();
    })
  );
  await assertRejects(
    () =>
      measureStarts(engine, images, {
        runs: 1,
        contract,
        signal: controller.signal,
      }),
    Error,
    "enough",
  );
  assertEquals(engine.running(), 0);
});
