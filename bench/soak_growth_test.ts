import { assertEquals, assertThrows } from "@std/assert";
import { growth } from "./soak_growth.ts";

Deno.test("growth() leaves out the first third, where heaps take their size", () => {
  assertEquals(growth([10, 50, 90, 100, 100, 100, 100, 101, 99]), {
    middle: 100,
    last: 100,
    grown: false,
  });
});

Deno.test("growth() tells a leak from noise", () => {
  assertEquals(growth([1, 1, 1, 100, 100, 100, 105, 105, 105]).grown, false);
  assertEquals(growth([1, 1, 1, 100, 100, 100, 106, 106, 106]).grown, true);
});

Deno.test("growth() refuses too few samples", () => {
  assertThrows(() => growth([1, 2]), RangeError);
});
