import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { baseNames } from "./assemble_bases.ts";

Deno.test("baseNames() differ by architecture, and the builder's by its host", () => {
  const native = baseNames("amd64", "amd64");
  const foreign = baseNames("arm64", "amd64");
  assertMatch(
    native.builder,
    /^localhost\/deno-small-image\/builder:[0-9a-f]{12}$/,
  );
  assertNotEquals(native.builder, foreign.builder);
  assertNotEquals(native.runtime, foreign.runtime);
  const elsewhere = baseNames("arm64", "arm64");
  assertNotEquals(elsewhere.builder, foreign.builder);
  assertEquals(elsewhere.runtime, foreign.runtime);
});
