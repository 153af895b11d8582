import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { folder } from "../../testing/folder.ts";
import { readDenoCommand } from "../dockerfile/deno_command.ts";
import { UserError } from "../lib/errors.ts";
import { LEAST } from "./read_hints.ts";
import {
  type DenoConfig,
  findPermissions,
  lockFile,
  mayAsk,
  reachableHosts,
  readProject,
  relativePaths,
} from "./read_project.ts";

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

function find(
  task: string,
  permissions: DenoConfig["permissions"] = {},
  isNode = false,
) {
  const config = { tasks: {}, permissions, workspace: [] };
  const command = task === ""
    ? undefined
    : readDenoCommand(["deno", ...task.split(" "), "main.ts"]);
  return findPermissions(config, command, isNode, LEAST);
}

Deno.test("a task's flags come first, with what its set may do", () => {
  const sets = {
    web: {
      net: true,
      read: ["./static/", "/etc", "../up", "."],
      env: { allow: ["PORT"], deny: ["HOME"] },
    },
  };
  const found = find("run -P=web", sets);
  assertEquals([found.flags, found.source], [["-P=web"], "its task"]);
  assertEquals(relativePaths(found.read), ["static"]);
  assertEquals([found.net, found.env], [true, ["PORT"]]);
  const flags = find("run --allow-read=./a,b/c -WE=x -N");
  assertEquals(
    [flags.read, flags.write, flags.env, flags.net],
    [["./a", "b/c"], ["x"], ["x"], true],
  );
  assertEquals(find("run -A").write, true);
});

Deno.test("without a task's flags a permission set is taken", () => {
  const flags = (sets: DenoConfig["permissions"]) => find("", sets).flags;
  assertEquals(flags({ serve: {}, other: {} }), ["-P=serve"]);
  assertEquals(flags({ only: {} }), ["-P=only"]);
  assertEquals(flags({ default: {} }), ["-P"]);
  // Two that say nothing: the least a server needs.
  assertEquals(flags({ a: {}, b: {} }), [
    "--allow-net=0.0.0.0,127.0.0.1",
    "--allow-env=PORT",
  ]);
  // A feature is not a permission.
  assertEquals(find("run --unstable-kv", { serve: {} }).flags, [
    "--unstable-kv",
    "-P=serve",
  ]);
});

Deno.test("deno serve listens, and Node does anything, without being told", () => {
  assertEquals(find("serve").flags, [
    "--allow-net=0.0.0.0,127.0.0.1",
    "--allow-env=PORT",
  ]);
  assertEquals(find("serve -N").flags, ["-N", "--allow-env=PORT"]);
  assertEquals(find("", {}, true).flags, ["--allow-net", "--allow-env"]);
});

Deno.test("hosts of its own are not egress, and tell whether it can ask itself", () => {
  const net = (list: string) => find(`run --allow-net=${list}`);
  assertEquals(reachableHosts(net("0.0.0.0:80,localhost,[::]:80,:90")), []);
  assertEquals(reachableHosts(net("0.0.0.0,a.example:443")), ["a.example:443"]);
  assertEquals(reachableHosts(find("run -N")), true);
  assertEquals(mayAsk(net("0.0.0.0:8080"), 8080), true);
  assertEquals(mayAsk(net("0.0.0.0:8080"), 3000), false);
  assertEquals(mayAsk(net("a.example"), 8080), false);
});
