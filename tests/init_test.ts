/**
 * `deno task image init` as a user runs it: what it finds out, what it writes,
 * and that an engine can build it.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { findEngine } from "../scripts/engine/find_engine.ts";
import { EXIT, messageOf } from "../scripts/lib/errors.ts";
import { folder, image } from "./command_line.ts";

const PROJECT = `${import.meta.dirname}/..`;
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

  const dry = await image(["init", here.path, "--dry-run"]);
  assertEquals(dry.code, EXIT.ok, dry.stderr);
  assertEquals(await names(here.path), before);
  for (const said of ["shop", "src/server.ts", "3000", "would write"]) {
    assertStringIncludes(dry.stdout, said);
  }

  const { code, stderr, stdout } = await image(["init", here.path]);
  assertEquals(code, EXIT.ok, stderr);
  assertStringIncludes(stdout, "nothing names its permissions");
  assertStringIncludes(stderr, "deno task image --context");
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
  const { code, stdout } = await image(["init", "--json"], { cwd: here.path });
  assertEquals(code, EXIT.ok);
  const { files } = JSON.parse(stdout);
  assertEquals(files.length, FILES.length);
  for (const { name, written } of files) {
    assertEquals(written, name !== "Dockerfile", name);
  }
  assertEquals(
    await Deno.readTextFile(`${here.path}/Dockerfile`),
    "FROM mine\n",
  );

  const again = await image(["init"], { cwd: here.path });
  assertEquals(again.code, EXIT.ok);
  assert(!again.stdout.includes("write "), again.stdout);

  const forced = await image(["init", "--force"], { cwd: here.path });
  assertEquals(forced.code, EXIT.ok);
  assertStringIncludes(forced.stdout, "replace");
  assertStringIncludes(
    await Deno.readTextFile(`${here.path}/Dockerfile`),
    "deno compile",
  );
});

Deno.test("init leaves a .dockerignore to the builds that it is for", async () => {
  await using here = await folder({ ...SHOP, ".dockerignore": "src\n" });
  const written = async (...args: string[]) => {
    const { code, stdout } = await image([
      ...["init", here.path, "--dry-run", "--json", ...args],
    ]);
    assertEquals(code, EXIT.ok);
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
  const { code, stderr } = await image(["init", hello]);
  assertEquals(code, EXIT.ok, stderr);
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
    const { code, stderr } = await image(["init", ...args], { cwd: here.path });
    assertEquals(code, EXIT.usage, `${message}: ${stderr}`);
    assertStringIncludes(stderr, message);
    assertStringIncludes(stderr, next);
    assertEquals(
      await names(here.path),
      Object.keys(files).map((name) => name.split("/")[0]),
    );
  }
  const { code, stderr } = await image(["init", "no-such-folder"]);
  assertEquals(code, EXIT.usage);
  assertStringIncludes(stderr, 'Cannot read the folder "no-such-folder"');
});

const engine = await findEngine().catch(messageOf);
const why = typeof engine === "string" ? engine : "";

Deno.test({
  name: `what init writes builds, serves and keeps its budget${
    why && ` (skipped: ${why})`
  }`,
  ignore: why !== "",
  async fn() {
    if (typeof engine === "string") return;
    await using here = await folder(SHOP);
    assertEquals((await image(["init", here.path])).code, EXIT.ok);
    const { code, stdout, stderr } = await image([
      "--quick",
      "--json",
      ...["--context", here.path],
      ...["--bases", "packages"],
      ...["--out", join(here.path, "report")],
    ]);
    assertEquals(code, EXIT.ok, stderr);
    const { variants, budgets } = JSON.parse(stdout);
    assertEquals(
      variants.map(({ name }: { name: string }) => name),
      ["single-stage", "layered", "multi-stage", "scratch"],
    );
    assert(budgets.length > 10);
    for (const { image } of variants) await engine.remove(image.reference);
  },
});
