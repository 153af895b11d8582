import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { variantFile } from "../dockerfile/find_variants.ts";
import { parseDockerfile } from "../dockerfile/parse_dockerfile.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { type Architecture, HOST } from "../lib/platform.ts";
import type { Io } from "../lib/progress.ts";
import { planVariants, preparePackages, staysHere } from "./prepare.ts";

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

const said: string[] = [];
const io = {
  signal: new AbortController().signal,
  progress: {
    step: (_: string, work: (say: (line: string) => void) => unknown) =>
      work((line) => said.push(line)),
  },
} as unknown as Io;

/** A context whose registry does not answer. */
async function context(dockerfile: string) {
  const path = await Deno.makeTempDir();
  await Deno.writeTextFile(
    `${path}/package.json`,
    '{ "dependencies": { "no-such-package-3f1c": "1.0.0" } }',
  );
  await Deno.writeTextFile(`${path}/.npmrc`, "registry=http://127.0.0.1:1/\n");
  await Deno.writeTextFile(`${path}/main.js`, 'import "no-such-package-3f1c";');
  const file = variantFile("Dockerfile", dockerfile);
  return {
    path,
    prepare: () => preparePackages(path, [file], io),
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

const COPIES =
  "FROM x\nCOPY main.js node_modules/ ./\nRUN deno compile main.js\n";

Deno.test("preparePackages() names a package that cannot be had", async () => {
  await using here = await context(COPIES);
  const error = await assertRejects(here.prepare, UserError);
  assertEquals(error.exitCode, EXIT.environment);
  assertStringIncludes(error.message, "npm:no-such-package-3f1c cannot be");
  assertEquals(error.output?.includes("backtrace"), false);
});

Deno.test("preparePackages() leaves alone what is there or not copied", async () => {
  await using none = await context("FROM x\nCOPY main.js ./\n");
  await none.prepare();
  await using stage = await context("FROM x\nCOPY --from=y node_modules/ ./\n");
  await stage.prepare();
  await using there = await context(COPIES);
  await Deno.mkdir(`${there.path}/node_modules`);
  await there.prepare();
});

Deno.test("preparePackages() takes the versions of a lock file of npm, and leaves no other", async () => {
  await using here = await context(COPIES);
  const write = (name: string, text: string) =>
    Deno.writeTextFile(`${here.path}/${name}`, text);
  await Deno.remove(`${here.path}/.npmrc`);
  await write("main.js", 'import "ms";');
  const dependencies = { ms: "^2.0.0" };
  await write("package.json", JSON.stringify({ dependencies }));
  const ms = {
    version: "2.1.0",
    integrity:
      "sha512-gVZHb22Z7YDyiiaoGld9LD4tUuDDxdkDJUEfTIej9LFePFqiE9JxI0qTFfu6tD7Wu03lg7skmVwTmA6XkeMlPQ==",
  };
  const packages = { "": { dependencies }, "node_modules/ms": ms };
  await write(
    "package-lock.json",
    JSON.stringify({ lockfileVersion: 3, packages }),
  );
  await here.prepare();
  const installed = await Deno.readTextFile(
    `${here.path}/node_modules/ms/package.json`,
  );
  assertEquals(JSON.parse(installed).version, "2.1.0");
  await assertRejects(() => Deno.stat(`${here.path}/deno.lock`));
});
