import { assert, assertEquals, assertRejects } from "@std/assert";
import { bisect } from "./bisect.ts";

const range = { lower: 16, upper: 512, resolution: 4 };

Deno.test("bisect() finds every threshold, with few questions", async () => {
  for (let threshold = 0; threshold <= 512; threshold++) {
    let asked = 0;
    const found = await bisect((value) => {
      asked++;
      return Promise.resolve(value >= threshold);
    }, range);
    assertEquals(found, Math.max(16, Math.ceil(threshold / 4) * 4));
    assert(asked <= 8, `${asked} questions for ${threshold}`);
  }
});

Deno.test("bisect() gives up after one question when nothing is enough", async () => {
  const asked: number[] = [];
  const found = await bisect((value) => {
    asked.push(value);
    return Promise.resolve(false);
  }, range);
  assertEquals(found, undefined);
  assertEquals(asked, [512]);
});

Deno.test("bisect() with a single candidate", async () => {
  const one = { lower: 8, upper: 11, resolution: 4 };
  assertEquals(await bisect(() => Promise.resolve(true), one), 8);
});

Deno.test("bisect() refuses an empty range", async () => {
  await assertRejects(
    () => bisect(() => Promise.resolve(true), { ...range, upper: 15 }),
    RangeError,
    "Cannot search 16 to 15",
  );
});

Deno.test("bisect() asks no more after an abort", async () => {
  const controller = new AbortController();
  let asked = 0;
  const search = bisect(() => {
    asked++;
    controller.abort(new Error("enough"));
    return Promise.resolve(true);
  }, { ...range, signal: controller.signal });
  await assertRejects(() => search, Error, "enough");
  assertEquals(asked, 1);
});
