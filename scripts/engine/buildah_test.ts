import { assertEquals, assertRejects } from "@std/assert";
import { CommandFailed } from "../lib/command.ts";
import { locked, retried } from "./buildah.ts";

Deno.test("locked() lets one work after the other, whatever fails", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const seen: string[] = [];
    const work = (name: string) =>
      locked(folder, async () => {
        seen.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        seen.push(`${name} ends`);
        if (name === "b") throw new Error("b fails");
      });
    await Promise.all([
      work("a"),
      assertRejects(() => work("b"), Error, "b fails"),
      work("c"),
    ]);
    const pairs = [0, 2, 4].map((at) =>
      seen.slice(at, at + 2).map((line) => line.split(" ")[0])
    );
    assertEquals(pairs.map(([one, two]) => one === two), [true, true, true]);
    assertEquals([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("retried() works once more when a command fails, and not for ever", async () => {
  const failed = new CommandFailed("buildah", ["containers"], {
    code: 125,
    output: "Error: reading build containers: container not known",
  });
  let calls = 0;
  const failing = (times: number, error: Error) => () => {
    calls++;
    return calls > times ? Promise.resolve(calls) : Promise.reject(error);
  };
  assertEquals(await retried(failing(2, failed), { pauseMs: 0 }), 3);
  calls = 0;
  const limit = { tries: 3, pauseMs: 0 };
  await assertRejects(() => retried(failing(9, failed), limit), CommandFailed);
  assertEquals(calls, 3);
  calls = 0;
  await assertRejects(() => retried(failing(1, new Error("bug")), limit));
  assertEquals(calls, 1);
});
