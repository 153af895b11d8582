import { assertEquals, assertRejects } from "@std/assert";
import { orAbort, sleep, TimeLimitError, withTimeLimit } from "./time_limit.ts";

Deno.test("withTimeLimit() returns what the work returns", async () => {
  assertEquals(
    await withTimeLimit(60_000, undefined, () => Promise.resolve(7)),
    7,
  );
  await assertRejects(
    () =>
      withTimeLimit(60_000, undefined, () => Promise.reject(new Error("x"))),
    Error,
    "x",
  );
});

Deno.test("withTimeLimit() waits until the work has cleaned up", async () => {
  let cleaned = false;
  const work = async (signal: AbortSignal) => {
    try {
      await sleep(60_000, signal);
    } finally {
      await Promise.resolve();
      cleaned = true;
    }
  };
  await assertRejects(() => withTimeLimit(1, undefined, work), TimeLimitError);
  assertEquals(cleaned, true);
});

Deno.test("withTimeLimit() ends with the reason of an outer signal", async () => {
  const controller = new AbortController();
  const work = withTimeLimit(
    60_000,
    controller.signal,
    (signal) => sleep(60_000, signal),
  );
  controller.abort(new Error("enough"));
  await assertRejects(() => work, Error, "enough");
  await assertRejects(
    () => withTimeLimit(1, controller.signal, () => Promise.resolve()),
    Error,
    "enough",
  );
});

Deno.test("orAbort() leaves what cannot be ended", async () => {
  const controller = new AbortController();
  const endless = new Promise<never>(() => {});
  const waiting = orAbort(endless, controller.signal);
  controller.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  assertEquals(await orAbort(Promise.resolve(1), undefined), 1);
});
