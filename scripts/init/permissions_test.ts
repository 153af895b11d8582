import { assertEquals } from "@std/assert";
import { readDenoCommand } from "../dockerfile/deno_command.ts";
import {
  codeFlags,
  findPermissions,
  mayAsk,
  reachableHosts,
  relativePaths,
} from "./permissions.ts";
import type { DenoConfig } from "./read_project.ts";

function find(
  task: string,
  permissions: DenoConfig["permissions"] = {},
  isNode = false,
) {
  const config = { tasks: {}, permissions, workspace: [] };
  const command = task === ""
    ? undefined
    : readDenoCommand(["deno", ...task.split(" "), "main.ts"]);
  return findPermissions(config, command, isNode, [
    "--allow-net=0.0.0.0,127.0.0.1",
    "--allow-env=PORT",
  ]);
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

Deno.test("codeFlags() allows what code uses, and more where it does not tell", () => {
  const flags = (text: string, ...packages: "npm"[]) =>
    codeFlags({ sources: [text], packages: new Set(packages) })
      .map((flag) => flag.replace("--allow-", ""));
  const [net, env] = ["net=0.0.0.0,127.0.0.1", "env=PORT"];
  const cases: [text: string, ...flags: string[]][] = [
    ["Deno.serve(h)", net, env],
    [
      'Deno.env.get("PORT"); Deno.env.get("A"); process.env.B',
      net,
      `${env},A,B`,
    ],
    ["Deno.env.get(name)", net, "env"],
    ["Deno.env.toObject()", net, "env"],
    ['import { env } from "node:process"', net, "env"],
    ['fetch("https://a.example/b?c")', `${net},a.example`, env],
    ["fetch(`http://a.example:81/${b}`)", `${net},a.example:81`, env],
    ["return fetch(url)", "net", env],
    ["fetch(`https://${host}/`)", "net", env],
    ['postgres(Deno.env.get("DATABASE_URL"))', "net", `${env},DATABASE_URL`],
    ["Deno.connect({ port })", "net", env],
    [
      "export default { fetch(request) { return app.fetch(request) } }",
      net,
      env,
    ],
    ["`<script>fetch('/api')</script>`", net, env],
    ["Deno.hostname()", net, env, "sys"],
  ];
  for (const [text, ...expected] of cases) {
    assertEquals(flags(text), expected, text);
  }
  assertEquals(flags("", "npm"), [net, "env"]);
});
