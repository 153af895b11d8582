import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { z } from "zod";
import { UserError } from "./errors.ts";
import { parseJson } from "./parse_json.ts";

const schema = z.strictObject({
  name: z.string(),
  rules: z.record(z.string(), z.strictObject({ size: z.int().optional() }))
    .optional(),
  list: z.array(z.strictObject({ method: z.string() })).default([]),
});

function problem(text: string): UserError {
  return assertThrows(() => parseJson(text, "f.json", schema), UserError);
}

Deno.test("parseJson() returns the value with its defaults", () => {
  assertEquals(parseJson('{"name":"x"}', "f.json", schema), {
    name: "x",
    list: [],
  });
});

Deno.test("parseJson() names the file and the parser's complaint", () => {
  assertStringIncludes(problem("{").message, 'Cannot parse "f.json": ');
});

Deno.test("parseJson() names the place of a wrong value", () => {
  const error = problem('{"name":"x","rules":{"all":{"size":"big"}}}');
  assertStringIncludes(error.message, 'Cannot use "f.json": rules.all.size: ');
});

Deno.test("parseJson() suggests the key that was meant, at any depth", () => {
  assertStringIncludes(
    problem('{"nam":"x","name":"x"}').message,
    'did you mean "name"?',
  );
  assertStringIncludes(
    problem('{"name":"x","rules":{"all":{"sise":1}}}').message,
    'rules.all: unknown key "sise", did you mean "size"?',
  );
  assertStringIncludes(
    problem('{"name":"x","list":[{"method":"GET","metod":1}]}').message,
    'list.0: unknown key "metod", did you mean "method"?',
  );
});

Deno.test("parseJson() lists every problem", () => {
  const error = problem('{"name":1,"rules":3}');
  assertEquals(error.output?.split("\n").length, 2);
});
