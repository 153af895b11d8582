import { assertEquals } from "@std/assert";
import { compareDocuments } from "./compare_documents.ts";

Deno.test("compareDocuments() names each place that differs", () => {
  assertEquals(
    compareDocuments(
      { a: 1, b: { c: [1, 2], d: "x" }, e: null, same: [{ f: true }] },
      { a: 1, b: { c: [1, 3, 4], d: "y" }, g: 0, same: [{ f: true }] },
    ),
    ["b.c[1]", "b.c[2]", "b.d", "e", "g"],
  );
});

Deno.test("compareDocuments() tells lists, objects and null apart", () => {
  assertEquals(compareDocuments([], []), []);
  assertEquals(compareDocuments([], {}), [""]);
  assertEquals(compareDocuments({ a: null }, { a: {} }), ["a"]);
  assertEquals(compareDocuments({ a: [1] }, { a: 1 }), ["a"]);
});
