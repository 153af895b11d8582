import { assertEquals, assertRejects } from "@std/assert";
import { UserError } from "../lib/errors.ts";
import { chooseEntry } from "./choose_entry.ts";
import type { DenoConfig } from "./read_config.ts";

async function choose(
  config: Partial<DenoConfig>,
  files: string[],
  wanted?: string,
) {
  const all = { imports: {}, tasks: {}, permissions: {}, ...config };
  const exists = (path: string) => Promise.resolve(files.includes(path));
  const { entry, source } = await chooseEntry(all, wanted, exists);
  return [entry, source];
}

Deno.test("a task that serves names the entry point", async () => {
  const tasks = { dev: "deno run a.ts", start: { command: "deno run b.ts" } };
  assertEquals(await choose({ tasks }, ["a.ts", "b.ts", "main.ts"]), [
    "b.ts",
    'task "start"',
  ]);
  assertEquals(await choose({ tasks }, ["a.ts"]), ["a.ts", 'task "dev"']);
});

Deno.test("else exports do, else a usual name", async () => {
  assertEquals(await choose({ exports: "./x.ts" }, ["x.ts", "main.ts"]), [
    "x.ts",
    "exports",
  ]);
  assertEquals(await choose({ exports: { ".": "./x.ts" } }, ["src/main.ts"]), [
    "src/main.ts",
    "its name",
  ]);
});

Deno.test("the one that was asked for wins, if it is there", async () => {
  assertEquals(await choose({}, ["main.ts", "y.ts"], "y.ts"), [
    "y.ts",
    "--entry",
  ]);
  await assertRejects(
    () => choose({}, ["main.ts"], "z.ts"),
    UserError,
    'Cannot find the entry point "z.ts"',
  );
});

Deno.test("none, or one that cannot be compiled, is an error", async () => {
  await assertRejects(() => choose({}, ["x.ts"]), UserError, "which module");
  await assertRejects(
    () => choose({ tasks: { start: "deno serve -N main.ts" } }, ["main.ts"]),
    UserError,
    "deno serve",
  );
});
