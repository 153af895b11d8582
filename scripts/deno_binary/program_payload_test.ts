import { assertEquals } from "@std/assert";
import { hash } from "node:crypto";
import type { ElfFacts } from "./program_sink.ts";
import {
  elfFixture,
  payloadFixture,
  type PayloadOptions,
  programFixture,
  type ProgramLayout,
  RUNTIME_DATA,
} from "../../testing/program.ts";
import {
  compiledPermissions,
  listFiles,
  type ProgramContents,
  summarise,
} from "./program_payload.ts";
import { programSink } from "./program_sink.ts";

function look(program: Uint8Array, detailed = true, size = program.length) {
  const sink = programSink({
    path: "p",
    type: "file",
    size: program.length,
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 0,
  }, { detailed });
  for (let at = 0; at < program.length; at += size) {
    sink.write(program.subarray(at, at + size));
  }
  return sink.end() as ElfFacts | undefined;
}

const sha256 = (text: string) => hash("sha256", text);
const MANIFEST = '{"version":"2.0.0","license":{"type":"ISC"}}';
const options: PayloadOptions = {
  files: {
    "main.ts": { text: "let a", transpiled: "a", sourceMap: "{}" },
    "copy.ts": { text: "let a" },
    "empty.js": "",
    "note.txt": "an asset",
    ".deno_compile_node_modules/localhost/a/1.0.0/package.json":
      '{"license":"MIT"}',
    ".deno_compile_node_modules/localhost/a/1.0.0/lib/x.js": "let a",
    "node_modules/b/package.json": MANIFEST,
  },
  remote: [{ specifier: "https://x/y.ts", text: "remote", transpiled: "r" }],
};

for (const layout of ["appended", "note"] as ProgramLayout[]) {
  const program = programFixture(payloadFixture(options), layout);

  Deno.test(`programSink() hashes what a program with ${layout} holds`, () => {
    for (const size of [program.length, 7]) {
      const found = look(program, true, size)?.program;
      assertEquals(
        Object.fromEntries(
          found?.modules.map(({ specifier, sha256 }) => [specifier, sha256]) ??
            [],
        ),
        {
          "main.ts": sha256("let a"),
          "copy.ts": sha256("let a"),
          "empty.js": sha256(""),
          "https://x/y.ts": sha256("remote"),
        },
      );
      assertEquals(found?.assets.map(({ sha256 }) => sha256), [
        sha256("an asset"),
      ]);
      const npm = found?.npm.toSorted((a, b) => a.name < b.name ? -1 : 1) ?? [];
      assertEquals(
        npm.map((
          { name, version, license, files, sha256 },
        ) => [name, version, license, files, sha256]),
        [
          [
            "a",
            "1.0.0",
            "MIT",
            2,
            sha256(
              `${sha256("let a")}  lib/x.js\n` +
                `${sha256('{"license":"MIT"}')}  package.json\n`,
            ),
          ],
          [
            "b",
            "2.0.0",
            "ISC",
            1,
            sha256(`${sha256(MANIFEST)}  package.json\n`),
          ],
        ],
      );
    }
  });

  Deno.test(`programSink() hashes nothing of ${layout} unless asked`, () => {
    const facts = look(program, false);
    assertEquals(facts?.md5, undefined);
    assertEquals(facts?.program?.runtimeSha256, undefined);
    assertEquals(facts?.program?.modules.some((m) => "sha256" in m), false);
    assertEquals(facts?.program?.npm.map((n) => Object.keys(n).length), [3, 3]);
  });
}

Deno.test("programSink() takes any broken program, however closely it looks", () => {
  const payload = payloadFixture(options);
  const program = programFixture(payload, "appended");
  const start = program.length - payload.length;
  for (let at = start; at < program.length; at += 3) {
    look(program.subarray(0, at));
    const broken = program.slice();
    broken[at] ^= 0xff;
    const found = look(broken)?.program;
    assertEquals(found?.bytes ?? broken.length, broken.length);
  }
});

Deno.test("programSink() hashes what overlaps once, and all of it or nothing", () => {
  const file = (n: string, from: number, length: number) => ({
    File: { n, o: [from, length] },
  });
  const folder = (n: string, ...e: unknown[]) => ({ Dir: { n, e } });
  const tree = JSON.stringify([
    file("a.js", 0, 4),
    file("same.js", 0, 4),
    file("within.js", 2, 4),
    file("beyond.js", 2, 1e9),
    folder("node_modules", folder("p", file("x.js", 3, 2), file("y.js", 6, 1))),
  ]);
  const payload = payloadFixture({ files: { x: "12345678" }, tree });
  const found = look(programFixture(payload, "appended"))?.program;
  assertEquals(
    found?.modules.map(({ specifier, sha256 }) => [specifier, sha256]),
    [
      ["a.js", sha256("1234")],
      ["within.js", undefined],
      ["same.js", sha256("1234")],
      ["beyond.js", undefined],
    ],
  );
  assertEquals(found?.npm.map(({ files, sha256 }) => [files, sha256]), [
    [2, undefined],
  ]);
});

Deno.test("programSink() knows a runtime that is as it was published", () => {
  const runtime = elfFixture({ data: RUNTIME_DATA });
  const payload = payloadFixture(options);
  for (const size of [Infinity, 5]) {
    const appended = look(
      programFixture(payload, "appended", runtime),
      true,
      Math.min(size, 1e6),
    );
    assertEquals(appended?.program?.runtimeSha256, hash("sha256", runtime));
  }
  const note = look(programFixture(payload, "note", runtime));
  assertEquals(note?.program?.runtimeSha256, undefined);
});

const permissionsOf = (permissions: unknown) =>
  compiledPermissions({ permissions });

Deno.test("compiledPermissions() tells nothing, everything and a list apart", () => {
  assertEquals(
    permissionsOf({
      allow_net: ["0.0.0.0", "127.0.0.1"],
      deny_net: null,
      allow_env: [],
      allow_read: null,
      allow_import: ["jsr.io:443"],
    }),
    { source: "binary", net: ["0.0.0.0", "127.0.0.1"], env: "all" },
  );
  assertEquals(permissionsOf({ allow_net: null }), { source: "binary" });
});

Deno.test("compiledPermissions() takes what is denied again, and the older word for all, as allowed", () => {
  assertEquals(
    permissionsOf({ allow_net: [], deny_net: ["192.0.2.1"] })?.net,
    "all",
  );
  assertEquals(permissionsOf({ allow_all: true, allow_net: null })?.run, "all");
});

Deno.test("compiledPermissions() assumes more where a list makes no sense, and nothing without one", () => {
  assertEquals(permissionsOf({ allow_net: [1] })?.net, "all");
  assertEquals(permissionsOf({ allow_net: {} })?.net, "all");
  for (const metadata of [undefined, null, "x", [], {}, { allow_net: [] }]) {
    assertEquals(compiledPermissions(metadata), undefined);
    assertEquals(permissionsOf(metadata === undefined ? {} : null), undefined);
  }
});

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
