import { assertEquals, assertRejects } from "@std/assert";
import { folder } from "../../testing/folder.ts";
import { UserError } from "../lib/errors.ts";
import { chooseEntry, fullPath } from "./choose_entry.ts";
import { readProject } from "./read_project.ts";

const SERVES = "Deno.serve(() => new Response());\n";

/** @param files Texts, or the content of a JSON file. */
async function choose(
  files: Record<string, string | Record<string, unknown>>,
  wanted?: string | ((root: string) => string),
) {
  const texts = Object.entries(files).map(([path, content]) => [
    path,
    typeof content === "string" ? content : JSON.stringify(content),
  ]);
  await using here = await folder(Object.fromEntries(texts));
  const project = await readProject(here.path);
  const found = await chooseEntry(
    project,
    typeof wanted === "function" ? wanted(project.root) : wanted,
  );
  return [fullPath(found), found.source, found.isNode];
}

Deno.test("a task that serves names the entry, one that watches comes last", async () => {
  const tasks = {
    dev: "deno run --watch a.ts",
    start: { command: "deno run b.ts" },
    test: "deno run c.ts",
  };
  const files = {
    "deno.json": { tasks },
    ...{ "a.ts": SERVES, "b.ts": SERVES, "c.ts": SERVES, "main.ts": SERVES },
  };
  assertEquals(await choose(files), [
    ...["b.ts", 'task "start"; --entry a.ts takes task "dev"', false],
  ]);
  assertEquals(await choose({ ...files, "a.ts": "" }), [
    ...["b.ts", 'task "start"', false],
  ]);
  assertEquals(await choose({ ...files, "b.ts": "" }), [
    ...["a.ts", 'task "dev"', false],
  ]);
  const watching = { start: "deno run --watch a.ts", preview: "deno run b.ts" };
  const [first] = await choose({ ...files, "deno.json": { tasks: watching } });
  assertEquals(first, "b.ts");
});

Deno.test("scripts of package.json count, whatever runs them", async () => {
  const run = (start: string, main?: string) =>
    choose({
      "package.json": { scripts: { start }, main },
      "server.js": SERVES,
      "src/app.ts": SERVES,
    });
  assertEquals(await run("NODE_ENV=production node server.js"), [
    ...["server.js", 'script "start"', true],
  ]);
  assertEquals((await run("tsx watch src/app.ts"))[0], "src/app.ts");
  assertEquals((await run("node .", "server.js"))[0], "server.js");
  assertEquals((await run("node ./server"))[0], "server.js");
  assertEquals((await run("deno run -A src/app.ts")).slice(1), [
    ...['script "start"', false],
  ]);
});

Deno.test("of exports and usual names the one that serves is taken", async () => {
  const exports = { "./cron": "./cron.ts", "./api": "./api.ts" };
  assertEquals(
    await choose({
      "deno.json": { exports },
      "cron.ts": "",
      "api.ts": SERVES,
    }),
    ["api.ts", "exports", false],
  );
  // One that the other imports is a part of it.
  const files = { "main.ts": 'import "./app.ts";\n' + SERVES };
  assertEquals((await choose({ ...files, "app.ts": SERVES }))[0], "main.ts");
  // A framework may hide that it listens.
  assertEquals((await choose({ "main.ts": "" }))[0], "main.ts");
});

Deno.test("a member's task counts for the whole workspace, two are a question", async () => {
  const tasks = { start: "deno run main.ts" };
  const files = {
    "deno.json": { workspace: ["a", "b"] },
    "a/deno.json": { tasks },
    "b/deno.json": {},
    ...{ "a/main.ts": SERVES, "b/main.ts": SERVES },
  };
  assertEquals((await choose(files))[0], "a/main.ts");
  assertEquals(await choose(files, "b/main.ts"), [
    ...["b/main.ts", "--entry", false],
  ]);
  const error = await assertRejects(
    () => choose({ ...files, "b/deno.json": { tasks } }),
    UserError,
  );
  assertEquals(error.next, "Name it: --entry a/main.ts");
});

Deno.test("an absolute entry is taken as its path from the top", async () => {
  const files = { "src/app.ts": SERVES };
  assertEquals(await choose(files, (root) => `${root}/src/app.ts`), [
    ...["src/app.ts", "--entry", false],
  ]);
  await assertRejects(
    () => choose(files, "/src/app.ts"),
    UserError,
    'Cannot find the entry point "/src/app.ts"',
  );
});

Deno.test("what is not there is named, with how to build it", async () => {
  const tasks = { start: "deno serve out/x.js", build: "vite build" };
  const built = await assertRejects(
    () => choose({ "deno.json": { tasks }, "main.ts": "" }),
    UserError,
  );
  assertEquals(
    built.message,
    'Cannot find "out/x.js", which task "start" runs',
  );
  assertEquals(built.next, "Build it first: deno task build");
  await assertRejects(() => choose({}), UserError, "which module");
  await assertRejects(
    () => choose({ "main.ts": SERVES }, "./y.ts"),
    UserError,
    'Cannot find the entry point "./y.ts"',
  );
});
