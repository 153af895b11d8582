import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { z } from "zod";
import { UserError } from "./errors.ts";
import { parseJson, readText } from "./parse_json.ts";

const schema = z.strictObject({
  name: z.string(),
  rules: z.record(z.string(), z.strictObject({ size: z.int().optional() }))
    .optional(),
  any: z.union([z.string(), z.number()]).optional(),
  named: z.record(z.string().regex(/^\w+$/, "expected a word"), z.number())
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

Deno.test("parseJson() tells line and column of what is not JSON", () => {
  const cases: [text: string, said: string][] = [
    ["", "it is empty"],
    [" \n", "it is empty"],
    ["\x7fELF\0\0", "it is binary, not JSON"],
    ["{", "line 1, column 2: close brace expected, found the end"],
    ['{\n  "name": "x",\n}', "line 3, column 1: property name expected"],
    ['// why\n{"name":"x"}', "line 1, column 1: JSON has no comments"],
    ['{"name":x}', 'line 1, column 9: invalid symbol, found "x"'],
  ];
  for (const [text, said] of cases) {
    const { message, cause } = problem(text);
    assertStringIncludes(message, `Cannot parse "f.json": ${said}`);
    assertEquals(cause, undefined);
  }
});

Deno.test("parseJson() takes a byte order mark, and comments where asked", () => {
  assertEquals(parseJson('\ufeff{"name":"x"}', "f.json", schema).name, "x");
  const text = '{ // why\n"name": "x", }';
  assertEquals(
    parseJson(text, "f.json", schema, { lenient: true }).name,
    "x",
  );
  problem(text);
});

Deno.test("parseJson() names the place and the value of what is wrong", () => {
  const cases: [text: string, said: string][] = [
    ["[]", "the top level: expected object, found []"],
    ["null", "the top level: expected object, found null"],
    ["{}", "name: expected string, found nothing"],
    [
      '{"name":"x","rules":{"all":{"size":"big"}}}',
      'rules.all.size: expected number, found "big"',
    ],
    [
      '{"name":"x","any":[]}',
      "any: expected string or expected number, found []",
    ],
    [
      '{"name":"x","named":{"a b":1}}',
      'named.a b: expected a word, found "a b"',
    ],
    [
      JSON.stringify({ name: ["y".repeat(100)] }),
      `name: expected string, found ["${"y".repeat(57)}…`,
    ],
  ];
  for (const [text, said] of cases) {
    const { message, cause } = problem(text);
    assertEquals(message, `Cannot use "f.json": ${said}`);
    assertEquals(cause, undefined, "the validator's own words are told");
  }
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
  assertEquals(error.message, 'Cannot use "f.json": 2 problems');
  assertEquals(error.output?.split("\n").length, 2);
  const keys = Array.from({ length: 30 }, (_, index) => [`key${index}`, 1]);
  const many = problem(
    JSON.stringify({ name: "x", ...Object.fromEntries(keys) }),
  );
  assertEquals(many.output?.split("\n").slice(-1), ["and 10 more"]);
});

Deno.test("readText() says what is there in place of a file", async () => {
  const folder = await Deno.makeTempDir();
  const said = async (file: string) =>
    (await assertRejects(() => readText(file), UserError)).message;
  try {
    assertStringIncludes(await said(folder), "it is a folder");
    assertStringIncludes(
      await said(`${folder}/x`),
      "there is nothing of that name",
    );
    assertStringIncludes(await said("/dev/null"), "it is no file");
    await Deno.symlink("loop", `${folder}/loop`);
    assertStringIncludes(
      await said(`${folder}/loop`),
      "its links run in a circle",
    );
    await Deno.writeTextFile(`${folder}/y`, "");
    await Deno.truncate(`${folder}/y`, 100_000_000);
    assertStringIncludes(await said(`${folder}/y`), "more than 50 MB");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
