import { assertEquals } from "@std/assert";
import { suggest } from "./suggest.ts";

Deno.test("suggest() finds a word with a slip in it", () => {
  assertEquals(suggest("inspct", ["inspect", "diff"]), "inspect");
  assertEquals(suggest("sizeBits", ["sizeBytes", "layers"]), "sizeBytes");
});

Deno.test("suggest() says nothing rather than something far off", () => {
  assertEquals(suggest("zzz", ["inspect", "diff"]), undefined);
  assertEquals(suggest("x", []), undefined);
});
