import { assertEquals, assertThrows } from "@std/assert";
import { distribution, median, percentile } from "./statistics.ts";

Deno.test("median() takes the middle, or the mean of the two in the middle", () => {
  assertEquals(median([5]), 5);
  assertEquals(median([30, 1, 2]), 2);
  assertEquals(median([10, 2, 100, 4]), 7);
});

Deno.test("percentile() is the nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  assertEquals(percentile(hundred, 95), 95);
  assertEquals(percentile(hundred, 1), 1);
  assertEquals(percentile(hundred, 100), 100);
  // 0.95 * 20 is a little above 19 in binary, which would be rank 20.
  assertEquals(percentile(hundred.slice(80), 95), 19);
  assertEquals(percentile([3, 1, 2], 95), 3);
  assertEquals(percentile([7], 1), 7);
});

Deno.test("statistics refuse what has no answer", () => {
  assertThrows(() => median([]), RangeError, "no samples");
  assertThrows(() => percentile([], 95), RangeError, "no samples");
  assertThrows(() => percentile([1], 0), RangeError, "percentile 0");
  assertThrows(() => percentile([1], NaN), RangeError, "percentile NaN");
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
