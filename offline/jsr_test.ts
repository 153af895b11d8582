/**
 * The road that cannot be tried where jsr.io is out of reach: the `jsr:` imports
 * of `deno.json`, resolved by Deno itself against a registry on this host.
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type JsrRegistry, serveJsr } from "../testing/jsr_registry.ts";

const project = `${import.meta.dirname}/..`;

const files = ["assert.ts", "mock.ts", "status.ts"];

/** Serves the modules of offline/ under the names that they stand in for. */
async function serveRegistry(): Promise<JsrRegistry> {
  const contents = new Map(
    await Promise.all(files.map(async (
      file,
    ): Promise<[string, Uint8Array<ArrayBuffer>]> => [
      file,
      await Deno.readFile(`${project}/offline/${file}`),
    ])),
  );
  const offer = (
    name: string,
    version: string,
    exports: Record<string, string>,
  ) => ({ name, version, exports, files: contents });
  return serveJsr([
    offer("@std/assert", "1.0.19", { ".": "./assert.ts" }),
    offer("@std/http", "1.1.0", { "./status": "./status.ts" }),
    offer("@std/testing", "1.0.19", { "./mock": "./mock.ts" }),
  ]);
}

Deno.test("the jsr: imports of deno.json resolve, and main_test.ts passes", async () => {
  await using registry = await serveRegistry();
  await using copy = await copyProject();
  const { code, output } = await deno(copy.path, registry.url, [
    "test",
    "-P=serve",
    "--no-lock",
    "main_test.ts",
  ]);
  assertEquals(code, 0, output);
  assertMatch(output, /16 passed \| 0 failed/);
  assertEquals(registry.asked("/mock.ts"), 1);
});

Deno.test("offline/deno.ts stands aside when the registry answers", async () => {
  await using registry = await serveRegistry();
  await using copy = await copyProject();
  const { code, output } = await deno(copy.path, registry.url, [
    "run",
    "-A",
    "offline/deno.ts",
    "check",
    "--no-lock",
    "main_test.ts",
  ]);
  assertEquals(code, 0, output);
  assertEquals(output.includes("offline/, "), false, output);
  assertEquals(registry.asked("/status.ts"), 1);
});

Deno.test("offline/deno.ts steps in, and says so, when the registry is down", async () => {
  const registry = await serveRegistry();
  await registry[Symbol.asyncDispose]();
  await using copy = await copyProject();
  const { code, output } = await deno(copy.path, registry.url, [
    "run",
    "-A",
    "offline/deno.ts",
    "check",
    "main_test.ts",
  ]);
  assertEquals(code, 0, output);
  assertStringIncludes(output, "note: @std comes from offline/, as jsr.io");
});

/** A copy of what the service needs, without the lock, and a cache of its own. */
async function copyProject() {
  const path = await Deno.makeTempDir({ prefix: "jsr-test-" });
  for (const file of ["deno.json", "main.ts", "main_test.ts"]) {
    await Deno.copyFile(`${project}/${file}`, `${path}/${file}`);
  }
  await Deno.mkdir(`${path}/offline`);
  for (const file of [...files, "deno.ts", "import_map.json"]) {
    await Deno.copyFile(
      `${project}/offline/${file}`,
      `${path}/offline/${file}`,
    );
  }
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

async function deno(cwd: string, registry: string, args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: {
      JSR_URL: registry,
      DENO_DIR: `${cwd}/.deno`,
      DENO_STD: "",
      NO_COLOR: "1",
    },
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}
