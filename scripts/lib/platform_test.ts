import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { EXIT, UserError } from "./errors.ts";
import { architectureOf, parsePlatforms } from "./platform.ts";

Deno.test("parsePlatforms() reads a list, each platform once", () => {
  assertEquals(parsePlatforms("linux/arm64"), ["linux/arm64"]);
  assertEquals(parsePlatforms("linux/amd64, linux/arm64,linux/amd64"), [
    "linux/amd64",
    "linux/arm64",
  ]);
});

Deno.test("parsePlatforms() says which platform was probably meant", () => {
  for (
    const [word, next] of [
      ["arm64", "Did you mean linux/arm64?"],
      ["linux/aarch64", "Did you mean linux/arm64?"],
      ["linux/arm64/v8", "Did you mean linux/arm64?"],
      ["x86_64", "Did you mean linux/amd64?"],
      ["linux/amd46", "Did you mean linux/amd64?"],
      ["linux/s390x", "no Linux runtime"],
      ["windows/amd64", "no Linux runtime"],
      ["", "no Linux runtime"],
    ]
  ) {
    const error = assertThrows(() => parsePlatforms(word), UserError);
    assertEquals(error.exitCode, EXIT.usage);
    assertStringIncludes(error.message, `"${word}"`);
    assertStringIncludes(error.next, next);
  }
});

Deno.test("architectureOf() a platform", () => {
  assertEquals(architectureOf("linux/arm64"), "arm64");
  assertEquals(architectureOf("linux/amd64"), "amd64");
});
