import { assertEquals } from "@std/assert";
import { hash } from "node:crypto";
import type { ElfFacts } from "./elf.ts";
import {
  elfFixture,
  payloadFixture,
  type PayloadOptions,
  programFixture,
  type ProgramLayout,
  RUNTIME_DATA,
} from "../../testing/program.ts";
import { parseResolution } from "./program_resolution.ts";
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

/** A table as `deno compile` writes it. */
function table(parts: (string | number)[]): Uint8Array {
  const bytes = parts.flatMap((part) => {
    const text = typeof part === "string" ? new TextEncoder().encode(part) : [];
    const number = typeof part === "string" ? text.length : part;
    return [
      ...new Uint8Array(new Uint32Array([number]).buffer),
      ...text,
    ];
  });
  return new Uint8Array(bytes);
}

const RESOLUTION = [
  ...[3, "@s/a@1.0.0", "b@2.0.0_c@3.0.0", "c@3.0.0"],
  ...[1, "@s/a@^1", 0],
  ...[1, "b", 1],
  ...[1, "c", 2],
  ...[0],
];

Deno.test("parseResolution() reads who asks for whom, peers left out", () => {
  const found = parseResolution(table(RESOLUTION));
  assertEquals(found?.roots, ["@s/a@1.0.0"]);
  assertEquals([...found?.dependencies ?? []], [
    ["@s/a@1.0.0", ["b@2.0.0"]],
    ["b@2.0.0", ["c@3.0.0"]],
    ["c@3.0.0", []],
  ]);
});

Deno.test("parseResolution() takes no table of another form", () => {
  const whole = table(RESOLUTION);
  for (let end = 0; end < whole.length; end++) {
    assertEquals(parseResolution(whole.subarray(0, end)), undefined, `${end}`);
  }
  assertEquals(parseResolution(table([...RESOLUTION, 0])), undefined);
  assertEquals(parseResolution(table([0, 1, "a", 7])), undefined);
  assertEquals(parseResolution(table([0xffffffff])), undefined);
});
