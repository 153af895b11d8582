import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { minimalVariant } from "../../testing/report.ts";
import type { Bases } from "../bases/choose_bases.ts";
import { variantFile } from "../dockerfile/find_variants.ts";
import { parseDockerfile } from "../dockerfile/parse_dockerfile.ts";
import { UserError } from "../lib/errors.ts";
import { type Architecture, HOST } from "../lib/platform.ts";
import {
  type BuiltRun,
  lackOfBases,
  note,
  planVariants,
  staysHere,
} from "./build_variants.ts";

Deno.test("note() adds to the notes of a variant, which has none until then", () => {
  const run = { variant: minimalVariant("scratch") } as unknown as BuiltRun;
  note(run);
  assertEquals(Object.hasOwn(run.variant, "notes"), false);
  note(run, "a");
  note(run, "b", "c");
  assertEquals(run.variant.notes, ["a", "b", "c"]);
});

const FOREIGN: Architecture = HOST === "amd64" ? "arm64" : "amd64";
const single =
  "FROM --platform=$BUILDPLATFORM deno\nRUN deno compile main.ts\n";
const files = [
  variantFile("Dockerfile", single),
  variantFile(
    "Dockerfile.scratch",
    `ARG JS_ENGINE=\nFROM --platform=$BUILDPLATFORM deno AS build\n` +
      "FROM scratch\nCOPY --from=build /hello /\n",
  ),
];

Deno.test("planVariants() plans each Dockerfile once when nothing is asked for", () => {
  assertEquals(
    planVariants(files, { platform: [], vary: [], buildArg: [] })
      .map(({ name, architecture, tests, skip }) => [
        ...[name, architecture, tests, skip],
      ]),
    [
      ["single-stage", HOST, true, undefined],
      ["scratch", HOST, true, undefined],
    ],
  );
});

Deno.test("planVariants() names what is foreign, and plans this machine's first", () => {
  const plans = planVariants(files, {
    platform: [`linux/${FOREIGN}`, `linux/${HOST}`],
    buildArg: [],
    vary: [],
  });
  assertEquals(
    plans.map(({ name, architecture, tests }) => [name, architecture, tests]),
    [
      ["single-stage", HOST, true],
      ["scratch", HOST, true],
      [`single-stage-${FOREIGN}`, FOREIGN, false],
      [`scratch-${FOREIGN}`, FOREIGN, false],
    ],
  );
  assertStringIncludes(plans[2].skip ?? "", "build machine");
  assertEquals(plans[3].skip, undefined);
});

Deno.test("planVariants() runs the tests when only a foreign platform is asked for", () => {
  const [, scratch] = planVariants(files, {
    platform: [`linux/${FOREIGN}`],
    buildArg: [],
    vary: [],
  });
  assertEquals([scratch.name, scratch.tests], [`scratch-${FOREIGN}`, true]);
});

Deno.test("planVariants() varies the Dockerfiles that have the argument", () => {
  const plans = planVariants(files, {
    platform: [],
    buildArg: [],
    vary: [["JS_ENGINE", "quickjs"]],
  });
  assertEquals(
    plans.map(({ name, varied }) => [name, varied]),
    [
      ["single-stage", undefined],
      ["scratch", undefined],
      ["scratch-quickjs", ["JS_ENGINE", "quickjs"]],
    ],
  );
});

Deno.test("planVariants() refuses an argument that is nowhere, and names given twice", () => {
  const refused = (vary: [string, string][]) =>
    assertThrows(
      () => planVariants(files, { platform: [], vary, buildArg: [] }),
      UserError,
    );
  const slip = refused([["JS_ENGIN", "quickjs"]]);
  assertStringIncludes(slip.message, '"JS_ENGIN"');
  assertStringIncludes(slip.next, "JS_ENGINE");
  assertStringIncludes(refused([["OTHER", "x"]]).next, "ARG OTHER");
  const twice = refused([["JS_ENGINE", "a b"], ["JS_ENGINE", "a/b"]]);
  assertStringIncludes(twice.message, '"scratch-a-b"');
});

Deno.test("staysHere() follows the last stage to where it comes from", () => {
  const cases: [string, boolean][] = [
    [single, true],
    ["FROM --platform=${BUILDPLATFORM} a AS b\nFROM b AS c\nfrom B\n", true],
    ["FROM --platform=$BUILDPLATFORM a AS b\nFROM scratch\n", false],
    ["FROM --platform=$TARGETPLATFORM a\n", false],
    ["FROM debian\n", false],
    // A name that only comes later is an image's.
    ["FROM b AS b\n", false],
    ["# FROM --platform=$BUILDPLATFORM a\nFROM a\n", false],
    ["", false],
  ];
  for (const [text, expected] of cases) {
    assertEquals(staysHere(parseDockerfile(text)), expected, text);
  }
});

Deno.test("planVariants() refuses a build argument that is nowhere, but for the builders' own", () => {
  const plan = (name: string) =>
    planVariants(files, { platform: [], vary: [], buildArg: [[name, "x"]] });
  const slip = assertThrows(() => plan("JS_ENGIN"), UserError, "Cannot pass");
  assertStringIncludes(slip.next, "JS_ENGINE");
  for (const name of ["http_proxy", "SOURCE_DATE_EPOCH", "TARGETARCH"]) {
    assertEquals(plan(name).length, files.length);
  }
});

Deno.test("lackOfBases() wants builders of the build machine's own architecture", () => {
  const lacks = (
    text: string,
    architecture = FOREIGN,
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
  assertStringIncludes(lacks(foreign) ?? "", `a builder for ${FOREIGN}`);
  assertEquals(lacks(foreign, HOST), undefined);
  const own = `FROM --platform=$BUILDPLATFORM \${BUILDER_IMAGE}\n`;
  assertEquals(lacks(`${own}FROM scratch\n`), undefined);
  assertEquals(lacks("FROM denoland/deno\n"), undefined);
  const named: [string, string][] = [["BUILDER_IMAGE", "x"]];
  assertEquals(lacks(foreign, FOREIGN, named), undefined);
  assertEquals(lacks(foreign, FOREIGN, [], "registry"), undefined);
});
