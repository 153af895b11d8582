import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UserError } from "../lib/errors.ts";
import { type Architecture, HOST } from "../lib/platform.ts";
import { lacksBuilder, planVariants, staysHere } from "./plan_build.ts";

const FOREIGN: Architecture = HOST === "amd64" ? "arm64" : "amd64";
const single =
  "FROM --platform=$BUILDPLATFORM deno\nRUN deno compile main.ts\n";
const files = [
  { name: "single-stage", dockerfile: "Dockerfile", text: single },
  {
    name: "scratch",
    dockerfile: "Dockerfile.scratch",
    text: `ARG JS_ENGINE=\nFROM --platform=$BUILDPLATFORM deno AS build\n` +
      "FROM scratch\nCOPY --from=build /hello /\n",
  },
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
    plans.map(({ name, buildArgs, varied }) => [name, buildArgs, varied]),
    [
      ["single-stage", {}, false],
      ["scratch", {}, false],
      ["scratch-quickjs", { JS_ENGINE: "quickjs" }, true],
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
    assertEquals(staysHere(text), expected, text);
  }
});

Deno.test("lacksBuilder() wants builders of the build machine's own architecture", () => {
  const lacks = (text: string, architecture = FOREIGN) =>
    lacksBuilder({
      file: { name: "a", dockerfile: "Dockerfile.a", text },
      architecture,
    });
  const foreign = "FROM ${BUILDER_IMAGE} AS deno\nFROM ${RUNTIME_IMAGE}\n";
  assertStringIncludes(lacks(foreign) ?? "", `a builder for ${FOREIGN}`);
  assertEquals(lacks(foreign, HOST), undefined);
  const own = `FROM --platform=$BUILDPLATFORM \${BUILDER_IMAGE}\n`;
  assertEquals(lacks(`${own}FROM scratch\n`), undefined);
  assertEquals(lacks("FROM denoland/deno\n"), undefined);
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
