import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { variantFile } from "../dockerfile/find_variants.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import type { Io } from "../lib/progress.ts";
import { preparePackages } from "./build.ts";

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
