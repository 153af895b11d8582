import { parseJson } from "../lib/parse_json.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UserError } from "../lib/errors.ts";
import {
  type Budget,
  budgetSchema,
  bytesOf,
  fractionOf,
  millisecondsOf,
} from "./budget_schema.ts";

Deno.test("bytesOf(), millisecondsOf() and fractionOf() read units", () => {
  assertEquals(bytesOf("100 MB"), 100_000_000);
  assertEquals(bytesOf("64MiB"), 67_108_864);
  assertEquals(bytesOf("1.5 kB"), 1_500);
  assertEquals(millisecondsOf("300 ms"), 300);
  assertEquals(millisecondsOf("1.5 s"), 1_500);
  assertEquals(fractionOf("5 %"), 0.05);
});

Deno.test("budgetSchema fills in the floors of growth", () => {
  const budget: Budget = parseJson(
    '{"all":{"growth":{"size":"5 %"}}}',
    "budget.json",
    budgetSchema,
  );
  assertEquals(budget.all?.growth, {
    size: "5 %",
    floor: "1 MB",
    startFloor: "50 ms",
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
