import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { folder } from "../../testing/folder.ts";
import {
  findCopies,
  findLeftOut,
  findState,
  mentionsOf,
  readPrivate,
} from "./find_files.ts";
import type { Modules } from "./read_modules.ts";
import { type Permissions, readProject } from "./read_project.ts";

const modules = (source: string, path = "main.ts"): Modules => ({
  paths: [path],
  sources: [source],
  unseen: [],
  packages: new Set(),
  missing: [],
  commonJs: false,
});
const writes = (...write: string[]): Permissions => ({
  ...{
    flags: [],
    source: "",
    isGuess: false,
    net: [],
    env: [],
    read: [],
    write,
  },
});

Deno.test("findState() names folders that are written, the outermost ones", () => {
  const state = (source: string, ...write: string[]) =>
    findState(writes(...write), mentionsOf(modules(source), "")).state;
  assertEquals(state("", "./data", "data/cache", "/tmp"), ["data"]);
  assertEquals(state("", "logs/app.log"), ["logs"]);
  assertEquals(state('new DatabaseSync("db/shop");'), ["db"]);
  assertEquals(state('new DatabaseSync("shop.db");'), ["."]);
  assertEquals(state('Deno.readTextFile("data/a.txt");'), []);
  assertEquals(state('Deno.mkdir("data/in.d");'), ["data/in.d"]);
  assertEquals(state('Deno.openKv("/data/kv");'), ["/data"]);
  assertEquals(state("Deno.writeFile(`./up/${id}.txt`, a);"), ["up"]);
  // In the program, where nothing can be written.
  assertEquals(
    state('Deno.writeFile(new URL("./a.json", import.meta.url), a);'),
    [],
  );
});

Deno.test("findState() names what is written in the folder that holds the rest", () => {
  assertEquals(
    findState(
      writes("data"),
      mentionsOf(modules('Deno.writeTextFile("./count", a);'), ""),
    ),
    { state: [".", "data"], written: ["data", "count"] },
  );
});

Deno.test("findCopies() takes files at the top and folders as a whole", async () => {
  await using here = await folder({
    "deno.json": "{}",
    "main.ts": "",
    "src/a.ts": "",
    "src/deep/b.ts": "",
  });
  const project = await readProject(here.path);
  assertEquals(
    await findCopies(project, ["src/deep/b.ts", "src/a.ts", "main.ts"], [
      "deno.json",
    ]),
    { files: ["deno.json", "main.ts"], folders: ["src"] },
  );
});

Deno.test("findCopies() takes of a workspace the members that have a part in it", async () => {
  await using here = await folder({
    "deno.json": '{ "workspace": ["apps/web", "apps/job"] }',
    "apps/web/deno.json": "{}",
    "apps/web/main.ts": "",
    "apps/job/deno.json": "{}",
  });
  const project = await readProject(here.path);
  assertEquals(
    await findCopies(project, ["apps/web/main.ts"], [
      ...["deno.json", "apps/job/deno.json", "apps/web/deno.json"],
    ]),
    { files: ["deno.json", "apps/job/deno.json"], folders: ["apps/web"] },
  );
});

Deno.test("findLeftOut() tells private paths in what is copied, and why", async () => {
  await using here = await folder({
    "site/index.html": "",
    "site/keys/a.pem": "",
    "site/needed.pem": "",
    "other/b.pem": "",
    "top.pem": "",
  });
  const why = (path: string) => path.endsWith(".pem") ? "a key" : undefined;
  assertEquals(
    await findLeftOut(here.path, ["site"], ["site/needed.pem"], why),
    [
      { path: "site/keys/a.pem", why: "a key" },
      { path: "top.pem", why: "a key" },
    ],
  );
});

Deno.test("readPrivate() gives the reason why a path stays out", async () => {
  const top = await Deno.makeTempDir();
  const root = join(top, "service");
  await Deno.mkdir(root);
  await Deno.mkdir(join(top, ".git"));
  await Deno.writeTextFile(join(top, ".gitignore"), "*.tmp\n");
  await Deno.writeTextFile(join(root, ".gitignore"), "/drafts/\n!keep.tmp\n");
  await Deno.writeTextFile(join(root, ".dockerignore"), "docs\n");
  const why = await readPrivate(root, ["data"]);
  const cases: [path: string, reason: string | undefined][] = [
    ["data/", "the service writes it"],
    ["data/x.txt", "the service writes it"],
    ["database/", undefined],
    [".env", "it looks like a secret"],
    ["static/.env.local", "it looks like a secret"],
    [".env.example", undefined],
    ["deep/tls.key", "it looks like a secret"],
    ["static/.git/", "it looks like a secret"],
    ["shop.db", "it looks like a database or a log"],
    ["shop.sqlite-wal", "it looks like a database or a log"],
    ["a/b.log", "it looks like a database or a log"],
    ["a/b.tmp", ".gitignore"],
    ["drafts/", ".gitignore"],
    ["docs/", ".dockerignore"],
    ["static/", undefined],
    ["main.ts", undefined],
  ];
  for (const [path, reason] of cases) assertEquals(why(path), reason, path);
  // What init itself has written says nothing of what came later.
  const own = await Deno.readTextFile(
    join(import.meta.dirname ?? "", "../../.dockerignore"),
  );
  await Deno.writeTextFile(join(root, ".dockerignore"), own);
  assertEquals((await readPrivate(root, []))("docs/"), undefined);
  await Deno.remove(top, { recursive: true });
});

Deno.test("readPrivate() looks above the folder only within a repository", async () => {
  const top = await Deno.makeTempDir();
  const root = join(top, "service");
  await Deno.mkdir(root);
  await Deno.writeTextFile(join(top, ".gitignore"), "*\n");
  assertEquals((await readPrivate(root, []))("main.ts"), undefined);
  await Deno.remove(top, { recursive: true });
});
