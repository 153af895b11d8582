import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { parseCommandLine } from "./command_line.ts";
import type { Config } from "../build/config.ts";
import { EXIT, UserError } from "../lib/errors.ts";

function config(...args: string[]): Config {
  const parsed = parseCommandLine(args);
  assert("config" in parsed);
  return parsed.config;
}

function complaint(...args: string[]): UserError {
  const error = assertThrows(() => parseCommandLine(args), UserError);
  assertEquals(error.exitCode, EXIT.usage);
  return error;
}

Deno.test("parseCommandLine() builds the current folder when given nothing", () => {
  const c = config();
  assert(c.command === "build");
  assertEquals(c.context, ".");
  assertEquals(c.files, []);
  assertEquals(c.bases, "auto");
  assertEquals(c.runs, 5);
  assertEquals(c.setup, false);
});

Deno.test("parseCommandLine() collects repeated options", () => {
  const c = config(
    "--file",
    "Dockerfile",
    "--file",
    "Dockerfile.x",
    "--build-arg",
    "A=b=c",
  );
  assert(c.command === "build");
  assertEquals(c.files, ["Dockerfile", "Dockerfile.x"]);
  assertEquals(c.buildArgs, { A: "b=c" });
});

Deno.test("parseCommandLine() reads platforms and what to vary", () => {
  const c = config(
    ...["--platform", "linux/amd64,linux/arm64"],
    ...["--vary", "JS_ENGINE=quickjs"],
  );
  assert(c.command === "build");
  assertEquals(c.platforms, ["linux/amd64", "linux/arm64"]);
  assertEquals(c.vary, [["JS_ENGINE", "quickjs"]]);
  assertStringIncludes(complaint("--platform", "arm64").next, "linux/arm64");
  complaint("--vary", "quickjs");
});

Deno.test("parseCommandLine() reads the commands and options on either side of them", () => {
  const inspect = config("inspect", "hello", "--json");
  assert(inspect.command === "inspect");
  assertEquals([inspect.image, inspect.json], ["hello", true]);
  const diff = config("diff", "a", "b", "--exit-code", "--engine", "buildah");
  assert(diff.command === "diff");
  assertEquals([diff.before, diff.after, diff.exitCode, diff.engine], [
    "a",
    "b",
    true,
    "buildah",
  ]);
  const compare = config("compare", "a", "b", "c", "--out", "r", "--zstd");
  assert(compare.command === "compare");
  assertEquals([compare.images, compare.out, compare.zstd], [
    ["a", "b", "c"],
    "r",
    true,
  ]);
});

Deno.test("parseCommandLine() suggests the option that comes close", () => {
  const error = complaint("--contxt", "x");
  assertEquals(error.message, "Unknown option '--contxt'");
  assertStringIncludes(error.next, "--context");
});

Deno.test("parseCommandLine() suggests the command that comes close", () => {
  assertStringIncludes(complaint("inspct", "x").next, "inspect");
});

Deno.test("parseCommandLine() refuses bad values", () => {
  assertStringIncludes(complaint("--runs", "0").message, "--runs");
  assertStringIncludes(
    complaint("--engine", "lxc").message,
    "docker, podman, buildah",
  );
  assertStringIncludes(
    complaint("--build-arg", "novalue").message,
    "NAME=VALUE",
  );
  assertStringIncludes(complaint("inspect").message, "image");
  assertStringIncludes(complaint("diff", "a").message, "after");
});

Deno.test("parseCommandLine() gives the help as text", () => {
  for (const args of [["--help"], ["diff", "--help"]]) {
    const parsed = parseCommandLine(args);
    assert("text" in parsed);
    assertStringIncludes(parsed.text, "Usage: deno task image");
  }
});
