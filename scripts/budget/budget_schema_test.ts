import { parseJson } from "../lib/parse_json.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UserError } from "../lib/errors.ts";
import { type Budget, budgetSchema, type Rules } from "./budget_schema.ts";

Deno.test("budgetSchema reads sizes, durations and shares as numbers", () => {
  const read = (rules: unknown): Rules | undefined =>
    parseJson(JSON.stringify({ all: rules }), "budget.json", budgetSchema).all;
  assertEquals(read({ size: "100 MB" }), { size: 100_000_000 });
  assertEquals(read({ size: "64MiB" }), { size: 67_108_864 });
  assertEquals(read({ size: "1.5 kB" }), { size: 1_500 });
  assertEquals(read({ start: "300 ms" }), { start: 300 });
  assertEquals(read({ start: "1.5 s" }), { start: 1_500 });
  assertEquals(read({ layers: 3 }), { layers: 3 });
});

Deno.test("budgetSchema fills in the floors of growth", () => {
  const budget: Budget = parseJson(
    '{"all":{"growth":{"size":"5 %"}}}',
    "budget.json",
    budgetSchema,
  );
  assertEquals(budget.all?.growth, {
    size: 5,
    floor: 1_000_000,
    startFloor: 50,
  });
});

Deno.test("budgetSchema refuses what it does not know, with a suggestion", () => {
  const refuse = (text: string) =>
    assertThrows(() => parseJson(text, "budget.json", budgetSchema), UserError);
  assertStringIncludes(
    refuse('{"variants":{"scratch":{"sizes":"1 MB"}}}').message,
    'variants.scratch: unknown key "sizes", did you mean "size"?',
  );
  assertStringIncludes(refuse('{"all":{"size":100}}').message, "all.size");
  assertStringIncludes(refuse('{"all":{"size":"100 mb"}}').message, '"100 MB"');
  assertStringIncludes(refuse('{"all":{"layers":-1}}').message, "all.layers");
});
