import { assert, assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import {
  type ElfFacts,
  programSink,
  type ProgramVersions,
  VersionSearch,
} from "./program_sink.ts";
import { launcherOf } from "./split.ts";
import {
  elfFixture,
  payloadFixture,
  programFixture,
  type ProgramLayout,
  RUNTIME_DATA,
  splitFixture,
} from "../../testing/program.ts";

const LAYOUTS: ProgramLayout[] = ["appended", "note"];
const LOADER = "/lib64/ld-linux-x86-64.so.2";

/** Streams a file through the sink, in chunks that end at the given offsets. */
function look(file: Uint8Array, ...cuts: number[]): ElfFacts | undefined {
  const sink = programSink({
    path: "app/program",
    type: "file",
    size: file.length,
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 0,
  });
  let from = 0;
  const ends = cuts.filter((cut) => cut < file.length).sort((a, b) => a - b);
  for (const to of [...ends, file.length]) {
    // A copy that is wiped afterwards: a chunk is only valid during the call.
    const chunk = file.slice(from, to);
    sink.write(chunk);
    chunk.fill(0xee);
    from = to;
  }
  return sink.end() as ElfFacts | undefined;
}

function sum(parts: readonly { bytes: number }[] = []): number {
  return parts.reduce((total, { bytes }) => total + bytes, 0);
}

const PAYLOAD = payloadFixture({
  files: {
    "main.ts": { text: "let a: 1", transpiled: "let a", sourceMap: "{}" },
    "lib/plain.js": "export const b = 2",
    "static/page.html": { text: "<p>", analysis: "esm" },
    "data.json": "{}\n",
    ".deno_compile_node_modules/localhost/@scope/tool/1.2.3/package.json":
      "{...}",
    ".deno_compile_node_modules/localhost/@scope/tool/1.2.3/lib/a.js": {
      text: "module.exports = 1",
      analysis: "cjs: a",
    },
    ".deno_compile_node_modules/localhost/_jjju6tstorzgkyln/1.3.5_1/index.js":
      "stream",
  },
  remote: [
    {
      specifier: "https://jsr.io/@std/http/1.1.0/status.ts",
      text: "const x: 3 = 3",
      transpiled: "const x = 3",
      sourceMap: '{"version":3}',
    },
    { specifier: "https://example.com/a.cjs", text: "0", analysis: "cjs" },
    { specifier: "https://example.com/mod.js", text: "0" },
  ],
});

Deno.test("programSink() reads what a program is allowed", () => {
  const metadata = JSON.stringify({
    permissions: { allow_net: ["127.0.0.1"], allow_run: null },
  });
  for (const layout of LAYOUTS) {
    const program = programFixture(payloadFixture({ metadata }), layout);
    assertEquals(look(program)?.program?.permissions, {
      source: "binary",
      net: ["127.0.0.1"],
    });
  }
  const large = payloadFixture({
    metadata: metadata + " ".repeat(5 * 1024 * 1024),
    files: { "main.ts": "0" },
  });
  const { permissions, modules } = look(programFixture(large, "note"))
    ?.program ?? {};
  assertEquals([permissions, modules?.length], [undefined, 1]);
});

Deno.test("programSink() reads what a program needs, in every width and order", () => {
  for (const bits of [32, 64] as const) {
    for (const bigEndian of [false, true]) {
      const file = elfFixture({
        bits,
        bigEndian,
        machine: bigEndian ? 22 : 183,
        interpreter: "/lib/ld-linux-aarch64.so.1",
        needed: ["libdl.so.2", "libc.so.6"],
        runpath: "$ORIGIN/lib:/opt/lib",
      });
      assertEquals(look(file), {
        machine: bigEndian ? "s390x" : "arm64",
        interpreter: "/lib/ld-linux-aarch64.so.1",
        needed: ["libdl.so.2", "libc.so.6"],
        runpath: ["$ORIGIN/lib", "/opt/lib"],
      });
    }
  }
});

Deno.test("programSink() reads libraries, and DT_RPATH only without DT_RUNPATH", () => {
  const library = { soname: "libz.so.1", needed: ["libc.so.6"], rpath: "/old" };
  assertEquals(look(elfFixture(library)), {
    machine: "amd64",
    needed: ["libc.so.6"],
    runpath: ["/old"],
    soname: "libz.so.1",
  });
  assertEquals(
    look(elfFixture({ ...library, runpath: "/new" }))?.runpath,
    ["/new"],
  );
});

Deno.test("programSink() gives nothing for what is no ELF file", () => {
  const texts = ["", "\x7f", "\x7fELF", "#!/bin/sh\n", "x".repeat(100_000)];
  for (const text of texts) {
    assertEquals(look(new TextEncoder().encode(text)), undefined);
  }
});

Deno.test("programSink() reads tables that lie further in than it keeps the start", () => {
  const data = new Uint8Array(6 * 1024 * 1024);
  const options = { interpreter: LOADER, needed: ["libm.so.6"], data };
  const file = elfFixture(options);
  assertEquals(look(file, 100, 70_000, 5_000_000)?.needed, ["libm.so.6"]);
  // With the strings far from either end there is no knowing in time.
  const far = elfFixture({ ...options, dataFirst: true });
  const longer = new Uint8Array(far.length + 300_000);
  longer.set(far);
  const facts = look(longer);
  assertEquals(facts?.interpreter, LOADER);
  assertEquals(facts?.needed, []);
});

Deno.test("programSink() takes any broken ELF file", () => {
  const options = { interpreter: LOADER, needed: ["libc.so.6"], soname: "x" };
  fc.assert(
    fc.property(
      fc.constantFrom<32 | 64>(32, 64),
      fc.boolean(),
      fc.array(
        fc.record({
          at: fc.integer({ min: 4, max: 300 }),
          value: fc.constantFrom(0, 1, 0x20, 0x7f, 0x80, 0xff),
          length: fc.constantFrom(1, 2, 4, 8),
        }),
        { maxLength: 6 },
      ),
      fc.integer({ min: 0, max: 600 }),
      (bits, bigEndian, damages, end) => {
        const broken = elfFixture({ ...options, bits, bigEndian }).slice(
          0,
          end,
        );
        for (const { at, value, length } of damages) {
          broken.fill(value, at, at + length);
        }
        const facts = look(broken, end >> 1);
        assertEquals(facts, look(broken));
        if (facts) assert(facts.needed.length <= 16, `${facts.needed}`);
      },
    ),
    { seed: 3, numRuns: 3000 },
  );
});

Deno.test("programSink() moves on from a table that ends within the header", () => {
  const file = elfFixture({ bits: 32, data: new Uint8Array(200) });
  const header = new DataView(file.buffer);
  header.setUint32(28, 100, true); // Where the program headers are,
  header.setUint16(42, 1, true); // bytes of each
  header.setUint16(44, 1, true); // and how many.
  assertEquals(look(file), { machine: "amd64", needed: [], runpath: [] });
});

for (const layout of LAYOUTS) {
  Deno.test(`programSink() reads a program with its payload as ${layout}`, () => {
    const file = programFixture(PAYLOAD, layout);
    // The trailer of 16 bytes is part of what follows the runtime.
    const applicationBytes = PAYLOAD.length + (layout === "appended" ? 16 : 0);
    assertEquals(look(file), {
      machine: "amd64",
      interpreter: LOADER,
      needed: ["libc.so.6"],
      runpath: [],
      program: {
        bytes: file.length,
        runtimeBytes: file.length - applicationBytes,
        applicationBytes,
        deno: "9.8.7",
        v8: "21.4.500.3-rusty",
        modules: [
          { specifier: "https://jsr.io/@std/http/1.1.0/status.ts", bytes: 38 },
          { specifier: "lib/plain.js", bytes: 18 },
          { specifier: "main.ts", bytes: 15 },
          { specifier: "https://example.com/a.cjs", bytes: 4 },
          { specifier: "data.json", bytes: 3 },
          { specifier: "https://example.com/mod.js", bytes: 1 },
        ],
        npm: [
          { name: "@scope/tool", version: "1.2.3", bytes: 29 },
          { name: "JSONStream", version: "1.3.5", bytes: 6 },
        ],
        assets: [{ path: "static/page.html", bytes: 6 }],
      },
    });
  });

  Deno.test(`programSink() gives the same however a program with ${layout} is cut`, () => {
    const file = programFixture(PAYLOAD, layout);
    const whole = look(file);
    const everywhere = Array.from(file, (_, i) => i + 1);
    assertEquals(look(file, ...everywhere), whole);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: file.length }), { maxLength: 12 }),
        (cuts) => assertEquals(look(file, ...cuts), whole),
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  Deno.test(`programSink() takes any broken program with ${layout}`, () => {
    const file = programFixture(PAYLOAD, layout);
    const damage = fc.record({
      at: fc.integer({ min: 4, max: file.length - 1 }),
      value: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff),
      length: fc.constantFrom(1, 2, 4, 8),
    });
    fc.assert(
      fc.property(
        fc.array(damage, { maxLength: 4 }),
        fc.integer({ min: 0, max: file.length }),
        fc.boolean(),
        (damages, end, cut) => {
          const broken = file.slice(0, cut ? end : file.length);
          for (const { at, value, length } of damages) {
            broken.fill(value, at, at + length);
          }
          const program = look(broken, end >> 1)?.program;
          if (!program) return;
          const { bytes, runtimeBytes, applicationBytes } = program;
          assertEquals(bytes, broken.length);
          assertEquals(runtimeBytes + applicationBytes, bytes);
          assert(runtimeBytes >= 0 && applicationBytes >= 0);
          const parts: { bytes: number }[] = [
            ...program.npm,
            ...program.modules,
            ...program.assets ?? [],
          ];
          for (const { bytes } of parts) {
            assert(Number.isSafeInteger(bytes) && bytes >= 0);
          }
        },
      ),
      { seed: 2, numRuns: 1500 },
    );
  });
}

Deno.test("programSink() accounts for all of a payload but its tables", () => {
  const program = look(programFixture(PAYLOAD, "appended"))?.program;
  assert(program);
  const { modules, npm, assets, applicationBytes } = program;
  const tables = applicationBytes - sum(modules) - sum(npm) - sum(assets);
  const empty = payloadFixture({ files: { "main.ts": "" } }).length;
  assert(tables > empty, `${tables} bytes of tables`);
  assertLess(tables, 1500);
});

Deno.test("programSink() finds no program in a runtime, or in what else is appended", () => {
  const runtime = elfFixture({ needed: ["libc.so.6"], data: RUNTIME_DATA });
  assertEquals(look(runtime)?.program, undefined);
  const archive = new Uint8Array([...runtime, ...new Uint8Array(1000)]);
  assertEquals(look(archive)?.program, undefined);
});

Deno.test("programSink() reads a program without sections", () => {
  const runtime = elfFixture({ data: RUNTIME_DATA, sections: false });
  const program = look(programFixture(PAYLOAD, "appended", runtime))?.program;
  assertEquals(program?.runtimeBytes, runtime.length);
  assertEquals(program?.applicationBytes, PAYLOAD.length + 16);
  assertEquals(program?.modules.length, 6);
  // With bytes in between, nothing but the trailer tells where the payload is.
  const moved = new Uint8Array([...runtime, 0, 0, 0, 0]);
  const other = look(programFixture(PAYLOAD, "appended", moved))?.program;
  assertEquals(other?.runtimeBytes, moved.length);
  assertEquals(other?.applicationBytes, PAYLOAD.length + 16);
  assertEquals(other?.modules, []);
});

for (const layout of LAYOUTS) {
  for (const machine of [62, 183]) {
    Deno.test(`programSink() reads a split program with ${layout} for machine ${machine}`, () => {
      const launcher = launcherOf(machine, "/opt/a runtime");
      const file = splitFixture(PAYLOAD, layout, launcher);
      const found = look(file);
      assertEquals(found?.needed, []);
      assertEquals(found?.interpreter, undefined);
      assertEquals(found?.broken, undefined);
      const whole = look(programFixture(PAYLOAD, layout))?.program;
      const { bytes, runtimePath, runtimeBytes, applicationBytes, ...rest } =
        found?.program ?? {};
      assertEquals(runtimePath, "/opt/a runtime");
      assertEquals(bytes, file.length);
      assertEquals(Number(runtimeBytes) + Number(applicationBytes), bytes);
      assertLess(Number(runtimeBytes), launcher.length + 32);
      // What is in it is the same; its versions are in the other file.
      const { modules, npm, assets } = whole ?? {};
      assertEquals(rest, { modules, npm, assets });
      for (let cut = 1; cut < 3000; cut += 97) {
        assertEquals(look(file, cut, 2 * cut), found, `${cut}`);
      }
      // By whatever name the runtime goes, a launcher is told by its bytes.
      const other = splitFixture(PAYLOAD, layout, launcherOf(machine));
      assertEquals(look(other)?.program?.runtimePath, "/denort");
    });
  }
}

Deno.test("programSink() takes no other static program for a split one", () => {
  const data = "LD_PRELOAD=/proc/self/exe\0/denort\0";
  const linked = elfFixture({ data, interpreter: LOADER, dataFirst: true });
  const program = programFixture(PAYLOAD, "appended", linked);
  assertEquals(look(program)?.program?.runtimePath, undefined);
});

/** Sparse files of these bytes at these offsets, as large as a runtime is. */
function sparse(size: number, parts: [number, Uint8Array][]): Uint8Array {
  const file = new Uint8Array(size);
  for (const [at, bytes] of parts) file.set(bytes, at);
  return file;
}

Deno.test("programSink() tells a runtime that has lost its program, and a cut one", () => {
  const elf = (text: string) => elfFixture({ data: RUNTIME_DATA + text });
  const says = "error: Could not find standalone binary section.";
  const size = 17 * 1024 * 1024;
  const stripped = look(sparse(size, [[0, elf(says)]]));
  assertEquals([stripped?.runtime?.deno, stripped?.broken], [
    "9.8.7",
    "no payload",
  ]);
  // The command deno has the versions, and runs by itself.
  const deno = look(sparse(size, [[0, elf("deno run")]]));
  assertEquals([deno?.runtime?.deno, deno?.broken], ["9.8.7", undefined]);
  const whole = elf(says);
  assertEquals(look(whole)?.broken, undefined);
  const loaded = new DataView(whole.buffer).getBigUint64(64 + 32, true);
  const cut = whole.subarray(0, Number(loaded) - 1);
  assertEquals(look(cut)?.broken, "truncated");
  // Cut within the payload, or with something behind it, the trailer is not found.
  const program = programFixture(PAYLOAD, "appended");
  assertEquals(look(program)?.broken, undefined);
  for (const other of [program.subarray(0, -9), [...program, 0]]) {
    assertEquals(look(Uint8Array.from(other))?.broken, "truncated");
  }
});

Deno.test("programSink() tells a program whose parts strip has moved over each other", () => {
  const program = programFixture(PAYLOAD, "note");
  assertEquals(look(program)?.broken, undefined);
  // The first segment gets memory up to where the second one begins.
  const view = new DataView(program.buffer);
  const table = Number(view.getBigUint64(32, true));
  const at = (i: number) => table + 56 * i;
  const loads = [0, 1, 2, 3].filter((i) => view.getUint32(at(i), true) === 1);
  const note = [0, 1, 2, 3].find((i) => view.getUint32(at(i), true) === 4) ?? 0;
  const address = view.getBigUint64(at(loads[0]) + 16, true);
  view.setUint32(at(0), 1, true);
  view.setBigUint64(at(0) + 8, view.getBigUint64(at(note) + 8, true), true);
  view.setBigUint64(at(0) + 16, address + 0x100n, true);
  view.setBigUint64(at(0) + 32, 8n, true);
  assertEquals(look(program)?.broken, "overlapping");
});

Deno.test("programSink() believes no length that a hostile payload claims", () => {
  // Each place where a number of 8 or 4 bytes stands, filled with ones.
  for (let at = 8; at < PAYLOAD.length - 8; at++) {
    const payload = PAYLOAD.slice();
    payload.fill(0xff, at, at + 8);
    const program = look(programFixture(payload, "appended"))?.program;
    assertEquals(program?.applicationBytes, payload.length + 16);
  }
});

Deno.test("programSink() takes a tree of files of any depth and shape", () => {
  const depth = 100_000;
  const deep = '[{"Dir":{"n":"d","e":'.repeat(depth) +
    '[{"File":{"n":"deep.ts","o":[0,0]}}]' + "}}]".repeat(depth);
  const trees = [
    deep,
    "[".repeat(depth),
    "{}",
    "null",
    '[1,null,{"Dir":1},{"File":{"n":1}},{"Dir":{"n":"x","e":{}}}]',
    '[{"File":{"n":"a","o":[-1,5],"m":[0,1e99],"s":"x"}}]',
    '[{"File":{"n":"a","o":[0,1e15]}},{"__proto__":{"File":{"n":"b.ts"}}}]',
    // More than it is ready to hold.
    `[${" ".repeat(16 * 1024 * 1024)}{"File":{"n":"large.ts","o":[0,0]}}]`,
  ];
  for (const tree of trees) {
    const file = programFixture(payloadFixture({ tree }), "note");
    const program = look(file)?.program;
    assert(program);
    assertEquals([program.modules, program.assets], [[], []]);
  }
});

Deno.test("programSink() counts data that files share once", () => {
  const licence = "Permission is hereby granted";
  const payload = payloadFixture({
    files: {
      "node_modules/.deno/a@1.0.0/node_modules/a/LICENSE": licence,
      "node_modules/.deno/b@2.0.0/node_modules/b/LICENSE": licence,
      "node_modules/.deno/b@2.0.0/node_modules/b/index.js": "b",
      "a.txt": "more than the licence, which is not stored again",
    },
  });
  assertEquals(look(programFixture(payload, "note"))?.program?.npm, [
    { name: "a", version: "1.0.0", bytes: licence.length },
    { name: "b", version: "2.0.0", bytes: 1 },
  ]);
});

Deno.test("programSink() reads versions from package.json where no path tells them", () => {
  const payload = payloadFixture({
    files: {
      "node_modules/.package-lock.json": "{}",
      "node_modules/a/index.js": "1",
      "node_modules/a/package.json": '{"name":"a","version":"1.0.0"}',
      "node_modules/a/node_modules/b/package.json": '{"version":"2.0.0"}',
      "node_modules/@s/b/package.json": "broken",
      "node_modules/b/package.json": '{"version":"3.0.0"}',
      "main.js": "a",
    },
  });
  const program = look(programFixture(payload, "note"))?.program;
  assertEquals(program?.npm, [
    { name: "a", version: "1.0.0", bytes: 31 },
    { name: "b", version: "2.0.0", bytes: 19 },
    { name: "b", version: "3.0.0", bytes: 19 },
    { name: "@s/b", version: "", bytes: 6 },
  ]);
  assertEquals(program?.assets, [
    { path: "node_modules/.package-lock.json", bytes: 2 },
  ]);
  assertEquals(program?.modules, [{ specifier: "main.js", bytes: 1 }]);
});

Deno.test("programSink() looks for versions where linkers put text", () => {
  const READ_ONLY = 2 ** 20;
  const CODE = 2 ** 16;
  const runtime = READ_ONLY + CODE;
  const file = new Uint8Array(runtime + 64 + 16);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  view.setUint16(18, 62, true);
  view.setBigUint64(32, 64n, true); // Program headers,
  view.setUint16(54, 56, true);
  view.setUint16(56, 2, true);
  view.setBigUint64(40, BigInt(runtime), true); // and sections behind it all.
  view.setUint16(58, 64, true);
  view.setUint16(60, 1, true);
  const segment = (
    at: number,
    flags: number,
    offset: number,
    bytes: number,
  ) => {
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, flags, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 32, BigInt(bytes), true);
    view.setBigUint64(at + 40, BigInt(bytes), true);
  };
  segment(64, 4, 0, READ_ONLY);
  segment(120, 5, READ_ONLY, CODE);
  const put = (at: number, text: string) =>
    file.set(new TextEncoder().encode(text), at);
  put(READ_ONLY + 100, "\x0012.3.4.5-rusty\0");
  put(8000, RUNTIME_DATA);
  const versions = { deno: "9.8.7", v8: "21.4.500.3-rusty" };
  for (const cuts of [[], [8010], [READ_ONLY - 1, READ_ONLY + 110]]) {
    assertEquals(look(file, ...cuts)?.runtime, versions);
  }
  // Where a linker parts nothing, all of it is searched.
  segment(64, 5, 0, READ_ONLY);
  assertEquals(look(file)?.runtime, versions);
});

function search(text: string, chunkBytes = text.length): ProgramVersions {
  const bytes = new TextEncoder().encode(text);
  const versions = new VersionSearch();
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    versions.push(bytes.subarray(at, at + chunkBytes));
  }
  return versions.found;
}

const V8 = "\0\x10\0\0\x0014.5.201.2-rusty\x01";
const DENO = "rclts2.6.10denover2.6.10+8871adeDeno/2.6.10Deno/2.6.10+8871ade88";

Deno.test("VersionSearch finds both versions, in chunks of any size", () => {
  const text = `${"x".repeat(500)}${V8}${"Deno/".repeat(9)}${DENO}`;
  for (let size = 1; size <= text.length; size += 7) {
    assertEquals(
      search(text, size),
      { v8: "14.5.201.2-rusty", deno: "2.6.10" },
      `chunks of ${size}`,
    );
  }
});

Deno.test("VersionSearch takes versions of candidates for a release", () => {
  const text = "Deno/3.0.0-rc.1Deno/3.0.0-rc.1+0123abc";
  assertEquals(search(text).deno, "3.0.0-rc.1");
});

Deno.test("VersionSearch takes nothing that is not certain", () => {
  const texts = [
    "OTel-OTLP-Exporter-Deno/0.82.0grpc",
    "Deno/2.6.10 Deno/2.6.10+8871ade",
    "Deno/2.6.1Deno/2.6.10+8871ade",
    "Deno/2.6.10Deno/2.6.10+8871ad",
    "B213.7.152.14-rusty\0", // The end of a hash runs into it.
    "\x0013.7.152-rusty\0",
    "\x0014.5.201.2-rustyline",
    "\x0014.5.201.2-rusty", // It may go on.
  ];
  for (const text of texts) {
    assertEquals(search(text), {}, text);
  }
});

Deno.test("VersionSearch joins nothing across what is left out", () => {
  const versions = new VersionSearch();
  versions.push(new TextEncoder().encode(V8.slice(0, 8)));
  versions.skip();
  versions.push(new TextEncoder().encode(V8.slice(8)));
  assertEquals(versions.found, {});
});
