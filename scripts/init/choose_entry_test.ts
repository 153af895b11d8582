import { assertEquals, assertRejects } from "@std/assert";
import { UserError } from "../lib/errors.ts";
import { chooseEntry } from "./choose_entry.ts";
import type { Member } from "./read_project.ts";

/** A member of a project, of which only some parts matter here. */
function member(
  folder: string,
  config: Partial<Member["config"]> = {},
  npm: Partial<Member["npm"]> = {},
): Member {
  return {
    folder,
    files: Object.keys(npm).length > 0 ? ["package.json"] : ["deno.json"],
    config: {
      ...{ imports: {}, tasks: {}, permissions: {}, workspace: [] },
      ...config,
    },
    npm: {
      ...{ scripts: {}, dependencies: {}, devDependencies: {}, workspaces: [] },
      ...npm,
    },
  };
}

/** @param files Path to whether it serves, and what else it imports. */
async function choose(
  members: Member[],
  files: Record<string, boolean | string[]>,
  wanted?: string,
) {
  const path = (folder: string, entry: string) =>
    folder === "" ? entry : `${folder}/${entry}`;
  const found = await chooseEntry({ root: "/", members }, wanted, {
    exists: (path) => Promise.resolve(path in files),
    serves: ({ member, entry }) => {
      const full = path(member.folder, entry);
      const known = files[full];
      const modules = [full, ...Array.isArray(known) ? known : []];
      return Promise.resolve({ serves: known !== false, modules });
    },
  });
  return [path(found.member.folder, found.entry), found.source, found.isNode];
}

Deno.test("a task that serves names the entry, one that watches comes last", async () => {
  const tasks = {
    dev: "deno run --watch a.ts",
    start: { command: "deno run b.ts" },
    test: "deno run c.ts",
  };
  const top = [member("", { tasks })];
  const files = { "a.ts": true, "b.ts": true, "c.ts": true, "main.ts": true };
  assertEquals(await choose(top, files), [
    ...["b.ts", 'task "start"; --entry a.ts takes task "dev"', false],
  ]);
  assertEquals(await choose(top, { ...files, "a.ts": false }), [
    ...["b.ts", 'task "start"', false],
  ]);
  assertEquals(await choose(top, { ...files, "b.ts": false }), [
    ...["a.ts", 'task "dev"', false],
  ]);
  const watching = { start: "deno run --watch a.ts", preview: "deno run b.ts" };
  assertEquals(
    (await choose([member("", { tasks: watching })], files))[0],
    "b.ts",
  );
});

Deno.test("scripts of package.json count, whatever runs them", async () => {
  const run = (start: string, main?: string) =>
    choose([member("", {}, { scripts: { start }, ...main ? { main } : {} })], {
      "server.js": true,
      "src/app.ts": true,
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
    await choose([member("", { exports })], {
      "cron.ts": false,
      "api.ts": true,
    }),
    ["api.ts", "exports", false],
  );
  // One that the other imports is a part of it.
  assertEquals(
    (await choose([member("")], { "main.ts": ["app.ts"], "app.ts": true }))[0],
    "main.ts",
  );
  // A framework may hide that it listens.
  assertEquals(
    (await choose([member("")], { "main.ts": false }))[0],
    "main.ts",
  );
});

Deno.test("a member's task counts for the whole workspace, two are a question", async () => {
  const tasks = { start: "deno run main.ts" };
  const files = { "a/main.ts": true, "b/main.ts": true };
  const members = [member(""), member("a", { tasks }), member("b")];
  assertEquals((await choose(members, files))[0], "a/main.ts");
  assertEquals(await choose(members, files, "b/main.ts"), [
    ...["b/main.ts", "--entry", false],
  ]);
  members[2] = member("b", { tasks });
  const error = await assertRejects(() => choose(members, files), UserError);
  assertEquals(error.next, "Name it: --entry a/main.ts");
});

Deno.test("what is not there is named, with how to build it", async () => {
  const tasks = { start: "deno serve out/x.js", build: "vite build" };
  const built = await assertRejects(
    () => choose([member("", { tasks })], { "main.ts": false }),
    UserError,
  );
  assertEquals(
    built.message,
    'Cannot find "out/x.js", which task "start" runs',
  );
  assertEquals(built.next, "Build it first: deno task build");
  await assertRejects(
    () => choose([member("")], {}),
    UserError,
    "which module",
  );
  await assertRejects(
    () => choose([member("")], { "main.ts": true }, "./y.ts"),
    UserError,
    'Cannot find the entry point "./y.ts"',
  );
});
