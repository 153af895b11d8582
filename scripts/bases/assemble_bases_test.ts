import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { baseName } from "./assemble_bases.ts";

Deno.test("baseName() depends on every ingredient, not on the order of keys", () => {
  const name = baseName("builder", { a: 1, b: [1, 2], c: { d: null } });
  assertMatch(name, /^localhost\/deno-small-image\/builder:[0-9a-f]{12}$/);
  assertEquals(
    baseName("builder", { c: { d: null }, b: [1, 2], a: 1 }),
    name,
  );
  for (
    const other of [
      baseName("builder", { a: 1, b: [2, 1], c: { d: null } }),
      baseName("builder", { a: 1, b: [1, 2], c: { d: "" } }),
      baseName("builder", { a: 1, b: [1, 2] }),
    ]
  ) assertNotEquals(other, name);
});
