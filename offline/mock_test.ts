/**
 * What the project relies on of `@std/testing/mock`. @module
 */
import { assertEquals } from "@std/assert";
import { spy } from "@std/testing/mock";

Deno.test("spy() records the calls of a method and passes them on", () => {
  const counter = {
    count: 1,
    add(by: number) {
      return this.count += by;
    },
  };
  const { add } = counter;
  {
    using calls = spy(counter, "add");
    assertEquals([counter.add(2), counter.add(3)], [3, 6]);
    assertEquals(calls.calls.map(({ args }) => args), [[2], [3]]);
  }
  assertEquals(counter.add, add);
});
