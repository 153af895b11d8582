import { assertEquals, assertStringIncludes } from "@std/assert";
import { minimalVariant } from "../../testing/report.ts";
import type { Bases } from "../bases/choose_bases.ts";
import { variantFile } from "../dockerfile/find_variants.ts";
import { type Architecture, HOST } from "../lib/platform.ts";
import { type BuiltRun, lackOfBases, note } from "./build_variants.ts";

Deno.test("note() adds to the notes of a variant, which has none until then", () => {
  const run = { variant: minimalVariant("scratch") } as unknown as BuiltRun;
  note(run);
  assertEquals(Object.hasOwn(run.variant, "notes"), false);
  note(run, "a");
  note(run, "b", "c");
  assertEquals(run.variant.notes, ["a", "b", "c"]);
});

Deno.test("lackOfBases() wants builders of the build machine's own architecture", () => {
  const foreigner: Architecture = HOST === "amd64" ? "arm64" : "amd64";
  const lacks = (
    text: string,
    architecture = foreigner,
    buildArg: [string, string][] = [],
    source = "packages",
  ) =>
    lackOfBases(
      { file: variantFile("Dockerfile.a", text), architecture },
      {
        bases: new Map([[architecture, { source } as Bases]]),
        config: { buildArg },
      },
    );
  const foreign = "FROM ${BUILDER_IMAGE} AS deno\nFROM ${RUNTIME_IMAGE}\n";
  assertStringIncludes(lacks(foreign) ?? "", `a builder for ${foreigner}`);
  assertEquals(lacks(foreign, HOST), undefined);
  const own = `FROM --platform=$BUILDPLATFORM \${BUILDER_IMAGE}\n`;
  assertEquals(lacks(`${own}FROM scratch\n`), undefined);
  assertEquals(lacks("FROM denoland/deno\n"), undefined);
  const named: [string, string][] = [["BUILDER_IMAGE", "x"]];
  assertEquals(lacks(foreign, foreigner, named), undefined);
  assertEquals(lacks(foreign, foreigner, [], "registry"), undefined);
});
