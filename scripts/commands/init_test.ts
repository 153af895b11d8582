import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { folder } from "../../testing/folder.ts";
import { runCommand } from "../../testing/run_command.ts";
import { EXIT, UserError } from "../lib/errors.ts";

const PROJECT = `${import.meta.dirname}/../..`;
const FILES = [
  ".dockerignore",
  "Dockerfile",
  "Dockerfile.layered",
  "Dockerfile.multistage",
  "Dockerfile.scratch",
  "budget.json",
  "container_health.ts",
  "container_stop.ts",
  "contract.json",
  "split.ts",
];

const SHOP = {
  "deno.jsonc": '{ // comments, and a comma at the end\n"name": "@me/shop", }',
  "src/server.ts": 'import { greet } from "./greet.ts";\n' +
    'const port = Number(Deno.env.get("PORT") || 3000);\n' +
    "Deno.serve({ port }, () => new Response(greet));\n",
  "src/greet.ts": 'export const greet = "Hello";\n',
  "notes.md": "not for the image",
};

async function names(path: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name)
    .sort();
}

Deno.test("init finds out about a service and writes what it lacks", async () => {
  await using here = await folder(SHOP);
  const before = await names(here.path);

  const dry = await runCommand("init", here.path, "--dry-run");
  assertEquals(dry.code, EXIT.ok);
  assertEquals(await names(here.path), before);
  for (const said of ["shop", "src/server.ts", "3000", "would write"]) {
    assertStringIncludes(dry.stdout, said);
  }

  const { code, stdout, notes } = await runCommand("init", here.path);
  assertEquals(code, EXIT.ok);
  assertStringIncludes(stdout, "nothing names its permissions");
  assertStringIncludes(notes.at(-1) ?? "", "deno task image --context");
  assertEquals(await names(here.path), [...before, ...FILES].sort());
  const dockerfile = await Deno.readTextFile(`${here.path}/Dockerfile`);
  assertStringIncludes(
    dockerfile,
    "COPY deno.jsonc container_health.ts container_stop.ts ./\nCOPY src/ src/\n",
  );
  assertStringIncludes(dockerfile, "-o /shop src/server.ts");
});

Deno.test("init never overwrites, and says what it kept", async () => {
  await using here = await folder({ ...SHOP, "Dockerfile": "FROM mine\n" });
  const { stdout } = await runCommand("init", here.path, "--json");
  const { files } = JSON.parse(stdout);
  assertEquals(files.length, FILES.length);
  for (const { name, written } of files) {
    assertEquals(written, name !== "Dockerfile", name);
  }
  assertEquals(
    await Deno.readTextFile(`${here.path}/Dockerfile`),
    "FROM mine\n",
  );

  const again = await runCommand("init", here.path);
  assert(!again.stdout.includes("write "), again.stdout);

  const forced = await runCommand("init", here.path, "--force");
  assertStringIncludes(forced.stdout, "replace");
  assertStringIncludes(
    await Deno.readTextFile(`${here.path}/Dockerfile`),
    "deno compile",
  );
});

Deno.test("init leaves a .dockerignore to the builds that it is for", async () => {
  await using here = await folder({ ...SHOP, ".dockerignore": "src\n" });
  const written = async (...args: string[]) => {
    const { stdout } = await runCommand(
      ...["init", here.path, "--dry-run", "--json", ...args],
    );
    const { files } = JSON.parse(stdout);
    return files.map(({ name }: { name: string }) => name)
      .filter((name: string) => name.endsWith(".dockerignore"));
  };
  assertEquals(await written(), [
    "Dockerfile.dockerignore",
    "Dockerfile.multistage.dockerignore",
    "Dockerfile.scratch.dockerignore",
    "Dockerfile.layered.dockerignore",
  ]);
  assertEquals(await written("--force"), [".dockerignore"]);
});

Deno.test("what init writes for this project's service is what it has", async () => {
  await using here = await folder({});
  const hello = join(here.path, "hello");
  await Deno.mkdir(join(hello, "offline"), { recursive: true });
  for (const name of ["main.ts", "main_test.ts", "deno.json", "deno.lock"]) {
    await Deno.copyFile(`${PROJECT}/${name}`, join(hello, name));
  }
  const config = await Deno.readTextFile(join(hello, "deno.json"));
  await Deno.writeTextFile(
    join(hello, "deno.json"),
    config.replace(/"name": "[^"]*"/, '"name": "hello"'),
  );
  await runCommand("init", hello);
  // What follows from the stand-ins for jsr.io, and from this project's own words.
  const own = (text: string) =>
    text.replace("COPY offline/ offline/\n", "").replace("!offline/\n", "")
      .replace(/^# More flags for deno\..*$/m, "# More flags for deno.")
      .replace("scripts/deno_binary/split.ts", "split.ts")
      .replace("A small Deno service", "A Deno service");
  for (const name of FILES.slice(0, 5)) {
    assertEquals(
      await Deno.readTextFile(join(hello, name)),
      own(await Deno.readTextFile(`${PROJECT}/${name}`)),
      name,
    );
  }
});

Deno.test("a service that init cannot build for is told so", async () => {
  const cases: [Record<string, string>, string[], string, string][] = [
    [{ "x.ts": "" }, [], "Cannot tell which module serves", "--entry"],
    [{ "main.ts": "" }, ["--entry", "y.ts"], 'entry point "y.ts"', "--entry"],
    [{ "deno.json": "{" }, [], "deno.json", "Fix the file"],
    [{ "deno.json": '{"tasks":1}' }, [], "tasks", "Fix the file"],
    [{ "main.ts": "import './none.ts'" }, [], 'modules of "main.ts"', "Fix"],
    [{ "main.ts": "const" }, [], 'modules of "main.ts"', "Fix"],
    [{ "a b/main.ts": "" }, ["--entry", "a b/main.ts"], "a b", "Rename"],
  ];
  for (const [files, args, message, next] of cases) {
    await using here = await folder(files);
    const error = await assertRejects(
      () => runCommand("init", here.path, ...args),
      UserError,
    );
    assertEquals(error.exitCode, EXIT.usage);
    assertStringIncludes(error.message, message);
    assertStringIncludes(error.next, next);
    assertEquals(
      await names(here.path),
      Object.keys(files).map((name) => name.split("/")[0]),
    );
  }
  await assertRejects(
    () => runCommand("init", "no-such-folder"),
    UserError,
    'Cannot read the folder "no-such-folder"',
  );
});
