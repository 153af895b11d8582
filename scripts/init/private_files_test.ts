import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { readPrivate } from "./private_files.ts";

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
