import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { BuildConfig } from "../build/build_variants.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { parseCommandLine } from "./commands.ts";
import { usage } from "./options.ts";

async function build(...args: string[]): Promise<BuildConfig> {
  const parsed = await parseCommandLine(args);
  return ("options" in parsed ? parsed.options : {}) as unknown as BuildConfig;
}

Deno.test("repeated options are collected", async () => {
  const options = await build(
    ...["--file", "Dockerfile", "--file", "Dockerfile.x"],
    ...["--build-arg", "A=b=c", "--vary", "JS_ENGINE=quickjs"],
  );
  assertEquals(options.file, ["Dockerfile", "Dockerfile.x"]);
  assertEquals(options.buildArg, [["A", "b=c"]]);
  assertEquals(options.vary, [["JS_ENGINE", "quickjs"]]);
});

Deno.test("bad values are refused with what was expected", async () => {
  const cases: [expected: string, ...args: string[]][] = [
    ["a whole number from 1 to 9999", "--runs", "0"],
    ["a whole number from 1 to 9999", "--runs", "10000"],
    ["docker, podman, buildah", "--engine", "lxc"],
    ["NAME=VALUE", "--build-arg", "novalue"],
    ["NAME=VALUE", "--vary", "=quickjs"],
    ["bash, zsh, fish", "completions", "cmd"],
  ];
  for (const [expected, ...args] of cases) {
    const error = await assertRejects(() => build(...args), UserError);
    assertEquals(error.exitCode, EXIT.usage);
    assertStringIncludes(error.message, expected);
  }
});

Deno.test("usage() makes of a hint the next step", () => {
  const error = usage(
    "error: unknown option '--contxt'\n(Did you mean --context?)",
    "See --help",
  );
  assertEquals(error.message, "Unknown option '--contxt'");
  assertEquals(error.next, "Did you mean --context? See --help");
});
