import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { folder } from "../../testing/folder.ts";
import { UserError } from "../lib/errors.ts";
import { lockFile, readProject } from "./read_project.ts";

Deno.test("readProject() reads both files, and no more than Deno takes", async () => {
  await using here = await folder({
    "deno.jsonc": '{ // why\n "tasks": { "start": "x", }, }',
    "package.json": '{ "name": "a", "license": { "type": "MIT" } }',
  });
  const { members: [top] } = await readProject(here.path);
  assertEquals(top.files, ["deno.jsonc", "package.json"]);
  assertEquals([top.config.tasks, top.npm.name], [{ start: "x" }, "a"]);
  await using broken = await folder({ "deno.json": '{ "tasks": 1 }' });
  await assertRejects(() => readProject(broken.path), UserError, "tasks");
  await assertRejects(() => readProject("none"), UserError, '"none"');
});

Deno.test("readProject() finds the workspace that a folder is a member of", async () => {
  await using here = await folder({
    "deno.json": '{ "workspace": { "members": ["./apps/*", "./lib"] } }',
    "apps/a/deno.json": '{ "name": "@s/a" }',
    "apps/b/package.json": '{ "name": "b" }',
    "lib/mod.ts": "",
    "other/deno.json": "{}",
  });
  const { root, asked, members } = await readProject(join(here.path, "apps/a"));
  assertEquals([root, asked?.folder], [here.path, "apps/a"]);
  assertEquals(members.map(({ folder }) => folder), [
    ...["", "apps/a", "apps/b", "lib"],
  ]);
  const top = await readProject(here.path);
  assertEquals([top.asked, top.members.length], [undefined, 4]);
  // One that the workspace does not list is on its own.
  const other = await readProject(join(here.path, "other"));
  assertEquals(other.root, join(here.path, "other"));
});

Deno.test("readProject() takes the workspaces of npm too", async () => {
  await using here = await folder({
    "package.json": '{ "workspaces": ["packages/*"] }',
    "packages/a/package.json": "{}",
  });
  const { members } = await readProject(here.path);
  assertEquals(members.map(({ folder }) => folder), ["", "packages/a"]);
});

Deno.test("readProject() names what is in the place of a configuration", async () => {
  await using here = await folder({ "deno.json/x": "" });
  await assertRejects(
    () => readProject(here.path),
    UserError,
    'deno.json": it is a folder',
  );
});

Deno.test("lockFile() in all its forms", () => {
  const base = { tasks: {}, permissions: {}, workspace: [] };
  const path = (lock: unknown) => lockFile({ ...base, lock } as typeof base);
  assertEquals(path(undefined), "deno.lock");
  assertEquals(path(true), "deno.lock");
  assertEquals(path(false), undefined);
  assertEquals(path("./x.lock"), "x.lock");
  assertEquals(path({ path: "./locks/x.lock" }), "locks/x.lock");
  assertEquals(path({ frozen: true }), "deno.lock");
});
