import { assertEquals } from "@std/assert";
import { listFiles, type ProgramContents, summarise } from "./program_files.ts";

const file = (n: string, parts: object) => ({ File: { n, ...parts } });
const folder = (n: string, ...e: unknown[]) => ({ Dir: { n, e } });

function listed(tree: unknown, dataBytes = 100) {
  const contents: ProgramContents = { modules: [], npm: [], assets: [] };
  summarise(listFiles(tree, dataBytes, {}), contents);
  return contents;
}

Deno.test("listFiles() sorts modules, packages and assets, the largest first", () => {
  const { modules, npm, assets } = listed([
    file("main.ts", { o: [0, 5], m: [5, 3], s: [8, 2] }),
    folder(
      "static",
      file("page.html", { o: [10, 30] }),
      file("empty", { o: [0, 0] }),
    ),
    file("data.json", { o: [40, 20] }),
    folder("node_modules", folder("a", file("a.js", { o: [60, 7] }))),
    file("no_source", { m: [70, 1] }),
  ]);
  assertEquals(modules, [
    { specifier: "data.json", bytes: 20 },
    { specifier: "main.ts", bytes: 10 },
    { specifier: "no_source", bytes: 1 },
  ]);
  assertEquals(npm, [{ name: "a", version: "", bytes: 7 }]);
  assertEquals(assets, [{ path: "static/page.html", bytes: 30 }]);
});

Deno.test("listFiles() counts shared data once, and none that is not there", () => {
  const { modules } = listed([
    file("a.js", { o: [0, 10] }),
    file("b.js", { o: [0, 10], m: [10, 4] }),
    file("beyond.js", { o: [90, 20] }),
  ]);
  assertEquals(modules.map(({ specifier, bytes }) => [specifier, bytes]), [
    ["a.js", 10],
    ["b.js", 4],
    ["beyond.js", 0],
  ]);
});

Deno.test("listFiles() takes trees of any shape, and folders up to a depth", () => {
  for (
    const tree of [null, 1, "x", {}, [null, {}, { Dir: 1 }, { File: { n: 1 } }]]
  ) {
    assertEquals(listed(tree), { modules: [], npm: [], assets: [] });
  }
  let deep: unknown = file("a.js", { o: [0, 1] });
  for (let i = 0; i < 1000; i++) deep = folder("d", deep);
  assertEquals(listed([deep]).modules, []);
});

Deno.test("listFiles() asks for the start of what may be a secret, unless hashes are wanted", () => {
  const tree = [file(".env", { o: [0, 100_000] }), file("a.js", { o: [0, 5] })];
  const secretCheck = (path: string) =>
    path === ".env" ? () => "environment file" : undefined;
  const { reads, secrets } = listFiles(tree, 200_000, { secretCheck });
  assertEquals(reads.map(({ offset, bytes }) => [offset, bytes]), [[0, 65536]]);
  reads[0].taken?.(new Uint8Array());
  assertEquals(secrets, [{ path: ".env", kind: "environment file" }]);
  const detailed = listFiles(tree, 200_000, { secretCheck, detailed: true });
  assertEquals(detailed.reads.map(({ hashed }) => hashed !== undefined), [
    true,
    true,
  ]);
});
