import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import {
  findLibraries,
  launcherOf,
  librariesNamed,
  split,
  SplitError,
} from "./split.ts";

const SCRIPT = join(import.meta.dirname ?? ".", "split.ts");
const TARGETS = [
  {
    architecture: "amd64",
    machine: 62,
    loader: "/lib64/ld-linux-x86-64.so.2",
    folder: "lib/x86_64-linux-gnu",
  },
  {
    architecture: "arm64",
    machine: 183,
    loader: "/lib/ld-linux-aarch64.so.1",
    folder: "lib/aarch64-linux-gnu",
  },
] as const;
const [AMD64, ARM64] = TARGETS;
const PAYLOAD = "d3n0l4nd{}a module\0libstdc++.so.6\0d3n0l4nd";

/** What a file of a test is made of. */
interface Parts {
  machine: number;
  loader?: string;
  needed?: string[];
  /** Names of dynamic symbols. */
  symbols?: string[];
  /** Text that the runtime holds. */
  text?: string;
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts));
}

function padded(part: Uint8Array, unit: number): Uint8Array<ArrayBuffer> {
  return joined(part, new Uint8Array((unit - part.length % unit) % unit));
}

/** Numbers of 64 bits, little-endian. */
function quads(...values: number[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(values.length * 8));
  values.forEach((value, i) => view.setBigUint64(i * 8, BigInt(value), true));
  return new Uint8Array(view.buffer);
}

/** A program header. */
function segment(
  type: number,
  offset: number,
  size: number,
  flags = 4,
): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(Uint32Array.of(type, flags).buffer);
  return joined(head, quads(offset, offset, offset, size, size, 4096));
}

/** A small ELF file that has what a runtime has, sections last. */
function runtimeOf({
  machine,
  loader = AMD64.loader,
  needed = ["libc.so.6"],
  symbols = ["readlink", "dl_iterate_phdr"],
  text = "Deno/2.6.10Deno/2.6.10+0123456",
}: Parts): Uint8Array<ArrayBuffer> {
  const names = bytes(`\0${[...needed, ...symbols].join("\0")}\0`);
  const nameAt = (name: string) =>
    Buffer.from(names).indexOf(`\0${name}\0`) + 1;
  const phdrs = 64 + (loader ? 4 : 3) * 56;
  const interp = padded(bytes(`${loader}\0`), 8);
  const strings = padded(names, 8);
  const stringsAt = phdrs + interp.length;
  const dynamicAt = stringsAt + strings.length;
  const dynamic = quads(
    ...needed.flatMap((name) => [1, nameAt(name)]),
    ...[5, stringsAt, 10, names.length, 0, 0],
  );
  const loaded = dynamicAt + dynamic.length + text.length;
  const body = padded(
    joined(
      segment(6, 64, phdrs - 64),
      ...loader ? [segment(3, phdrs, loader.length + 1)] : [],
      segment(1, 0, loaded),
      segment(2, dynamicAt, dynamic.length),
      interp,
      strings,
      dynamic,
      bytes(text),
      bytes("section names"),
    ),
    8,
  );
  const sections = joined(
    new Uint8Array(64),
    ...[1, 2, 3].map((type) => segment(type, 64, 8)).map((part) =>
      joined(part, quads(type(part)))
    ),
  );
  const head = new Uint8Array(64);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  const view = new DataView(head.buffer);
  view.setUint16(16, 3, true);
  view.setUint16(18, machine, true);
  view.setBigUint64(32, 64n, true);
  view.setBigUint64(40, BigInt(64 + body.length), true);
  [64, 56, loader ? 4 : 3, 64, 4, 3].forEach((value, i) =>
    view.setUint16(52 + i * 2, value, true)
  );
  return joined(head, body, sections);
}

function type(part: Uint8Array): number {
  return part[0];
}

/** Appends as Deno does up to 2.8; the length had 32 bits up to 2.1. */
function append(
  runtime: Uint8Array,
  payload = PAYLOAD,
  lengthBytes: 4 | 8 = 8,
): Uint8Array<ArrayBuffer> {
  const length = payload.length + 8 + lengthBytes;
  const words = Uint32Array.of(0x501e, 0x2a7, length, 0);
  const trailer = new Uint8Array(words.buffer, 0, 8 + lengthBytes);
  return joined(runtime, bytes(payload), trailer);
}

/** Adds a note as Deno does since 2.9. */
function annotate(
  runtime: Uint8Array<ArrayBuffer>,
  payload = PAYLOAD,
): Uint8Array<ArrayBuffer> {
  const file = padded(runtime, 4096);
  const view = new DataView(file.buffer);
  const table = file.length;
  const count = view.getUint16(56, true);
  const sections = Number(view.getBigUint64(40, true));
  const left = view.getUint16(60, true);
  const content = joined(Uint8Array.of(8, 0), bytes(payload));
  const head = Uint32Array.of(4, content.length, 0x53554901);
  const note = padded(
    joined(new Uint8Array(head.buffer), bytes("SUI\0"), content),
    4,
  );
  const noteAt = table + (count + 2) * 56;
  const phdrs = joined(
    segment(6, table, (count + 2) * 56),
    file.subarray(64 + 56, 64 + count * 56),
    segment(1, table, (count + 2) * 56 + note.length),
    segment(4, noteAt, note.length),
  );
  const sectionTable = joined(
    file.subarray(sections, sections + (left - 1) * 64),
    new Uint8Array(3 * 64).fill(9),
  );
  view.setBigUint64(32, BigInt(table), true);
  view.setBigUint64(40, BigInt(noteAt + note.length), true);
  view.setUint16(56, count + 2, true);
  view.setUint16(60, left + 2, true);
  return joined(file, phdrs, note, sectionTable);
}

/** A copy with some bytes changed. */
function patched(
  file: Uint8Array,
  at: number,
  ...values: number[]
): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(file);
  copy.set(values, at);
  return copy;
}

for (const { architecture, machine, loader } of TARGETS) {
  const runtime = runtimeOf({ machine, loader });

  for (const lengthBytes of [8, 4] as const) {
    Deno.test(`split() cuts off what was appended for ${architecture}, length of ${lengthBytes} bytes`, () => {
      const file = append(runtime, PAYLOAD, lengthBytes);
      const parts = split(file);
      assertEquals(parts.architecture, architecture);
      assertEquals([parts.layout, parts.deno], ["appended", "2.6.10"]);
      assertEquals(parts.denort, runtime);
      const launcher = launcherOf(machine);
      assertEquals(parts.program.subarray(0, launcher.length), launcher);
      assertEquals(
        parts.program.subarray(launcher.length),
        file.subarray(runtime.length),
      );
    });
  }

  Deno.test(`split() takes a note out for ${architecture}, and restores the runtime to the byte`, () => {
    const file = annotate(runtime);
    const parts = split(file);
    assertEquals(parts.architecture, architecture);
    assertEquals(parts.layout, "note");
    assertEquals(parts.denort, runtime);
    const start = launcherOf(machine).length;
    const view = new DataView(parts.program.buffer);
    const segments = Array.from(
      { length: view.getUint16(56, true) },
      (_, i) => {
        const at = 64 + i * 56;
        return {
          type: view.getUint32(at, true),
          offset: Number(view.getBigUint64(at + 8, true)),
          address: Number(view.getBigUint64(at + 16, true)),
          size: Number(view.getBigUint64(at + 32, true)),
          align: Number(view.getBigUint64(at + 48, true)),
        };
      },
    );
    const [load, note] = [1, 4].map((type) =>
      segments.findLast((segment) => segment.type === type)
    );
    assert(load && note);
    assertEquals(note.offset, start);
    assertEquals(note.offset + note.size, parts.program.length);
    assertEquals(note.address, load.address);
    assertEquals(load.size, note.size);
    // A loader maps pages: address and offset are at the same place in one.
    assertEquals(load.address % load.align, load.offset % load.align);
    assertStringIncludes(
      Buffer.from(parts.program.subarray(start)).toString("latin1"),
      `SUI\0\x08\0${PAYLOAD}`,
    );
  });
}

Deno.test("split() gives the same runtime for different programs", () => {
  const runtime = runtimeOf({ machine: AMD64.machine });
  const payloads = [PAYLOAD, `d3n0l4nd${"x".repeat(9000)}d3n0l4nd`];
  for (const layout of [append, annotate]) {
    const [one, other] = payloads.map((payload) =>
      split(layout(runtime, payload))
    );
    assertEquals(one.denort, other.denort);
  }
});

Deno.test("split() puts another path of the runtime into the program", () => {
  const file = append(runtimeOf({ machine: AMD64.machine }));
  const runtime = `/opt/${"r".repeat(122)}`;
  const { program } = split(file, { runtime });
  const text = Buffer.from(program);
  assert(text.includes(`${runtime}\0`));
  assertEquals(text.includes("/denort"), false);
  assertEquals(program.length, split(file).program.length);
  for (const wrong of ["denort", `${runtime}r`, "/a\0b"]) {
    assertThrows(
      () => split(file, { runtime: wrong }),
      SplitError,
      "expected an absolute path of up to 127 bytes",
    );
  }
});

const amd64 = { machine: AMD64.machine };
const runtime = runtimeOf(amd64);
const appended = append(runtime);
const annotated = annotate(runtime);
const e_shoff = 40, e_shnum = 60;
/** What cannot be split, and what the message has to say. */
const REFUSED: [string, Uint8Array<ArrayBuffer>, string][] = [
  ["an empty file", new Uint8Array(), "not an ELF file"],
  ["a script", bytes(`#!/bin/sh\n${" ".repeat(99)}`), "not an ELF file"],
  ["a file for 32 bits", patched(appended, 4, 1), "not an ELF file of 64 bits"],
  ["a big-endian file", patched(appended, 5, 2), "little-endian"],
  ["another architecture", patched(appended, 18, 243), "e_machine 243"],
  [
    "musl",
    append(runtimeOf({ ...amd64, loader: "/lib/ld-musl-x86_64.so.1" })),
    "its loader is /lib/ld-musl-x86_64.so.1, not /lib64/ld-linux-x86-64.so.2",
  ],
  [
    "a static program",
    append(runtimeOf({ ...amd64, loader: "" })),
    "its loader is none",
  ],
  ["a runtime without payload", runtime, "it has no payload"],
  [
    "what strip leaves of an appended payload",
    patched(runtime, e_shoff, 0, 0, 0, 0, 0, 0, 0, 0),
    "it has no payload",
  ],
  [
    "a truncated runtime",
    appended.slice(0, runtime.length - 9),
    "it ends after",
  ],
  ["an ELF header alone", appended.slice(0, 64), "it ends after 64 bytes"],
  ["a truncated payload", appended.slice(0, -9), "it is truncated"],
  [
    "another trailer",
    patched(appended, appended.length - 16, 1),
    "or of an unknown layout",
  ],
  [
    "other data behind the runtime",
    joined(runtime, bytes("something else")),
    "not a payload of a known layout",
  ],
  [
    "a note of another form",
    patched(annotated, Buffer.from(annotated).indexOf("SUI\0") + 4, 7),
    "its note is not a payload of a known layout",
  ],
  ["a truncated note", annotated.slice(0, -400), "it ends after"],
  [
    "a note without all of what follows",
    annotated.slice(0, -9),
    "it ends after",
  ],
  [
    "a note beside program headers that are not the runtime's",
    patched(annotated, 64 + 56, 7),
    "its program headers are not where",
  ],
  [
    "a note without the runtime's section headers",
    patched(annotated, e_shnum, 3),
    "its section headers are not where",
  ],
  [
    "a runtime that does not ask for its own path",
    append(runtimeOf({ ...amd64, symbols: ["open"] })),
    "does not call readlink",
  ],
  [
    "a runtime that looks for its note in another way",
    annotate(runtimeOf({ ...amd64, symbols: ["readlink", "getauxval"] })),
    "does not call dl_iterate_phdr",
  ],
  [
    "a later Deno",
    annotate(runtimeOf({ ...amd64, text: "Deno/2.10.0Deno/2.10.0+0123456" })),
    "made by Deno 2.10.0, and 2.1 to 2.9 were tried",
  ],
  [
    "an unknown Deno",
    append(runtimeOf({ ...amd64, text: "Deno/2.6.10" })),
    "made by Deno of an unknown version",
  ],
  ["the program file", split(appended).program, "it was split already"],
  [
    "the program file with a note",
    split(annotated, { runtime: "/opt/denort" }).program,
    "it was split already",
  ],
];

for (const [what, file, message] of REFUSED) {
  Deno.test(`split() refuses ${what}`, () => {
    const error = assertThrows(
      () => split(file, { name: "/hello" }),
      SplitError,
      message,
    );
    assertMatch(error.message, /^Cannot split "\/hello": /);
    assert(error.next.length > 0);
  });
}

Deno.test("split() takes an untried Deno where it is told to", () => {
  const text = "Deno/2.10.0Deno/2.10.0+0123456";
  const file = annotate(runtimeOf({ ...amd64, text }));
  assertEquals(split(file, { untried: true }).deno, "2.10.0");
});

Deno.test("librariesNamed() takes names as ELF files have them, not text", () => {
  const payload =
    'dlopen("libz.so.1")\0libgomp.so.1\0libm.so.6\0not/lib.so.2\0';
  assertEquals(librariesNamed(bytes(payload)), ["libgomp.so.1", "libm.so.6"]);
});

/** A folder with the libraries of a runtime image. */
async function libraries({ machine, loader, folder }: typeof TARGETS[number]) {
  const path = await Deno.makeTempDir();
  const library = (needed: string[], of: number = machine) =>
    runtimeOf({ machine: of, loader, needed });
  await Deno.mkdir(`${path}/usr/${folder}`, { recursive: true });
  await Deno.symlink("usr/lib", `${path}/lib`);
  await Deno.mkdir(`${path}/lib64`);
  await Deno.writeFile(`${path}${loader}`, library([]));
  const files = {
    "libc.so.6.1": library([loader.slice(loader.lastIndexOf("/") + 1)]),
    "libstdc++.so.6": library(["libc.so.6", "libm.so.6"]),
    "libm.so.6": library(["libc.so.6"]),
    "libother.so.1": library([], 3),
  };
  for (const [name, content] of Object.entries(files)) {
    await Deno.writeFile(`${path}/usr/${folder}/${name}`, content);
  }
  await Deno.symlink("libc.so.6.1", `${path}/usr/${folder}/libc.so.6`);
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

for (const target of TARGETS) {
  const { architecture, machine, loader, folder } = target;
  Deno.test(`findLibraries() follows names and links for ${architecture}`, async () => {
    await using root = await libraries(target);
    const names = [loader, "libstdc++.so.6", "libother.so.1", "libno.so.1"];
    const { files, missing } = await findLibraries(names, machine, root.path);
    assertEquals([...files.keys()], [
      loader,
      `/${folder}/libstdc++.so.6`,
      `/${folder}/libc.so.6`,
      `/${folder}/libm.so.6`,
    ]);
    assertEquals(missing, ["libother.so.1", "libno.so.1"]);
    const known = files.keys();
    const again = await findLibraries(["libm.so.6"], machine, root.path, known);
    assertEquals([...again.files.keys()], []);
  });
}

/** Runs the script as a build does. */
async function run(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-lock", "-R", "-W", SCRIPT, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

Deno.test("the script writes two layers, dated and in order", async () => {
  await using root = await libraries(ARM64);
  await using out = await libraries(ARM64);
  const { machine, loader, folder } = ARM64;
  const program = `${out.path}/hello`;
  const denort = runtimeOf({ machine, loader });
  await Deno.writeFile(program, append(denort));
  const { code, stdout, stderr } = await run(
    ...[program, "--libraries", root.path, "--to", `${out.path}/layers`],
  );
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "Deno 2.6.10 for arm64");
  const files: Record<string, [number, number]> = {};
  const list = async (path: string) => {
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      const { mode, mtime } = await Deno.stat(`${path}/${name}`);
      if (isDirectory) await list(`${path}/${name}`);
      const short = `${path}/${name}`.slice(
        out.path.length + "/layers/".length,
      );
      files[short] = [(mode ?? 0) & 0o7777, mtime?.getTime() ?? -1];
    }
  };
  await list(`${out.path}/layers`);
  const own = Object.keys(files).filter((path) => path.startsWith("program/"));
  assertEquals(
    own.filter((path) => !`program${program}`.startsWith(path)).sort(),
    [
      "program/lib",
      `program/${folder}`,
      // What the payload names goes above, with what that names in turn.
      `program/${folder}/libm.so.6`,
      `program/${folder}/libstdc++.so.6`,
    ],
  );
  assert(files[`program${program}`]);
  assertEquals(
    Object.keys(files).filter((path) => path.startsWith("runtime/")).sort(),
    [
      "runtime/denort",
      "runtime/etc",
      "runtime/etc/group",
      "runtime/etc/passwd",
      "runtime/lib",
      `runtime/${folder}`,
      `runtime/${folder}/libc.so.6`,
      `runtime${loader}`,
    ].sort(),
  );
  for (const [path, [mode, time]] of Object.entries(files)) {
    if (path === "runtime" || path === "program") continue;
    assertEquals(time, 0, path);
    assertEquals(mode, path.includes("/etc/") ? 0o644 : 0o755, path);
  }
  assertEquals(
    await Deno.readFile(`${out.path}/layers/runtime/denort`),
    denort,
  );
});

Deno.test("the script fails with a message and a next step", async () => {
  await using root = await libraries(AMD64);
  const program = `${root.path}/hello`;
  await Deno.writeFile(program, runtime);
  const to = `${root.path}/layers`;
  const refused = await run(program, "--to", to);
  assertEquals([refused.code, refused.stdout], [1, ""]);
  assertEquals(
    refused.stderr,
    `Cannot split "${program}": it has no payload of deno compile
  Give the file as deno compile wrote it: complete, not stripped
`,
  );
  await Deno.writeFile(
    program,
    append(runtimeOf({ ...amd64, needed: ["libno.so.1"] })),
  );
  const missing = await run(program, "--to", to, "--libraries", root.path);
  assertEquals(missing.code, 1);
  assertStringIncludes(
    missing.stderr,
    `its runtime needs libno.so.1, which ${root.path} does not have`,
  );
  const none = await run("/no/hello", "--to", to);
  assertEquals(none.code, 1);
  assertStringIncludes(
    none.stderr,
    'Cannot read "/no/hello": no such file\n  ',
  );
  const wrong = await run("hello");
  assertEquals(wrong.code, 1);
  assertStringIncludes(wrong.stderr, "expected the absolute path of a program");
  // Nothing of an image is left behind by what failed.
  assertEquals(await Deno.stat(to).then(() => true, () => false), false);
});

/** What runs a launcher: nothing, or an emulator of its machine. */
const RUNNERS = {
  x86_64: "qemu-x86_64-static",
  aarch64: "qemu-aarch64-static",
};
/** `Deno.Command` throws at once where a program is missing. */
async function isThere(program: string): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: ["--version"] }).output())
      .success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
for (const [name, emulator] of Object.entries(RUNNERS)) {
  const native = Deno.build.arch === name;
  const missing = native || await isThere(emulator)
    ? undefined
    : `no ${emulator}`;
  Deno.test({
    name: `the launcher for ${name} executes the runtime, itself preloaded` +
      (missing ? ` (skipped: ${missing})` : ""),
    ignore: missing !== undefined,
    fn: async () => {
      const folder = await Deno.makeTempDir();
      try {
        // A script shows what it was given. Natively its shell has the launcher
        // preloaded, which has gone from LD_PRELOAD then; an emulator hands the
        // script to this machine, whose shell cannot load it.
        const shown = `${folder}/show`;
        await Deno.writeTextFile(
          shown,
          '#!/bin/sh\nfor arg; do echo "arg $arg"; done\nenv | grep -v ^PWD\n',
          { mode: 0o755 },
        );
        const machine = name === "x86_64" ? AMD64.machine : ARM64.machine;
        const program = `${folder}/hello`;
        const write = (runtime: string, path = program) =>
          Deno.writeFile(path, launcherOf(machine, runtime), { mode: 0o755 });
        const start = async (
          env: Record<string, string> = {},
          path = program,
        ) => {
          const [command, ...args] = native ? [path] : [
            emulator,
            ...Object.entries(env).flatMap(([key, value]) => [
              ...["-E", `${key}=${value.replaceAll(",", ",,")}`],
            ]),
            path,
          ];
          const { code, stdout, stderr } = await new Deno.Command(command, {
            args: [...args, "a b", ""],
            env: native ? env : { PATH: "/usr/bin:/bin" },
            clearEnv: true,
          }).output();
          const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
          const lines = text(stdout).trimEnd().split("\n");
          return { code, lines, stderr: text(stderr) };
        };
        await write(shown);
        const plain = await start({ PATH: "/usr/bin:/bin", B: "2" });
        assertEquals(plain.code, 0);
        assertEquals(plain.lines.slice(0, 2), ["arg a b", "arg "]);
        assertEquals(plain.lines.slice(2).sort(), [
          "B=2",
          ...native ? [] : [`LD_PRELOAD=${program}`],
          "PATH=/usr/bin:/bin",
        ]);
        const chained = await start({
          LD_PRELOAD: "/none/a.so /none/b.so",
          PATH: "/usr/bin:/bin",
        });
        assertEquals(chained.lines.slice(2).sort(), [
          `LD_PRELOAD=${native ? "" : `${program}:`}/none/a.so /none/b.so`,
          "PATH=/usr/bin:/bin",
        ]);
        await write("/none/denort");
        const none = await start();
        assertEquals(none.code, 127);
        assertEquals(none.stderr, "Cannot execute /none/denort: error 2\n");
        const spaced = `${folder}/a b`;
        await write(shown, spaced);
        const odd = await start({}, spaced);
        assertEquals(odd.code, 127);
        assertStringIncludes(odd.stderr, "a space or a colon in its path");
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

const TOOLS = {
  x86_64: { machine: AMD64.machine, prefix: "" },
  aarch64: { machine: ARM64.machine, prefix: "aarch64-linux-gnu-" },
};
for (const [name, { machine, prefix }] of Object.entries(TOOLS)) {
  const own = Deno.build.arch === name ? "" : `${name}-linux-gnu-`;
  const tool = prefix === "" ? own : own || prefix;
  const missing = await isThere(`${tool}as`)
    ? undefined
    : `no ${tool}as; install binutils`;
  Deno.test({
    name: `the launcher is what launcher_${name}.s says` +
      (missing ? ` (skipped: ${missing})` : ""),
    ignore: missing !== undefined,
    fn: async () => {
      const folder = await Deno.makeTempDir();
      try {
        const steps = [
          ["as", "-o", `${folder}/o`, `launcher_${name}.s`],
          ["objcopy", "-O", "binary", "-j", ".text", `${folder}/o`],
        ];
        for (const [command, ...args] of steps) {
          const { success, stderr } = await new Deno.Command(tool + command, {
            args,
            cwd: import.meta.dirname,
          }).output();
          assert(success, new TextDecoder().decode(stderr));
        }
        const launcher = await Deno.readFile(`${folder}/o`);
        const lines = (bytes: Uint8Array) =>
          Buffer.from(bytes).toString("base64").match(/.{1,76}/g);
        assertEquals(lines(launcherOf(machine)), lines(launcher));
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
