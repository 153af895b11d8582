/**
 * Holds the reader of programs to those that deno itself makes: by the Deno of
 * the images, which appends the program to the runtime, and by the Deno that runs
 * this test, which since 2.9 puts it into a note.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { ElfFacts } from "../scripts/deno_binary/program_sink.ts";
import { programSink } from "../scripts/deno_binary/program_sink.ts";
import { messageOf } from "../scripts/lib/errors.ts";
import { packagedCompiler } from "./compiler.ts";

const programs = await Deno.makeTempDir({ prefix: "program-e2e-" });
globalThis.addEventListener(
  "unload",
  () => Deno.removeSync(programs, { recursive: true }),
);
const packaged = await packagedCompiler(programs).catch(messageOf);
const linux = Deno.build.os === "linux";

async function look(path: string): Promise<ElfFacts | undefined> {
  using file = await Deno.open(path);
  const sink = programSink({
    path,
    type: "file",
    size: (await file.stat()).size,
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 0,
  });
  const chunk = new Uint8Array(256 * 1024);
  for (let n; (n = await file.read(chunk)) !== null;) {
    sink.write(chunk.subarray(0, n));
  }
  return sink.end() as ElfFacts | undefined;
}

Deno.test({
  name: "programSink() reads the deno that runs this test",
  ignore: !linux, // Elsewhere it is no ELF file.
  async fn() {
    const facts = await look(Deno.execPath());
    const machine = Deno.build.arch === "x86_64" ? "amd64" : "arm64";
    assertEquals(facts?.machine, machine);
    assertMatch(facts?.interpreter ?? "", /^\/.*ld-.*\.so/);
    assert(facts?.needed.some((name) => name.startsWith("libc.")));
    assertEquals(facts?.program, undefined);
  },
});

/** Compiles a small program and holds what is read of it to what was put in. */
async function holds(deno: string, runtime: string): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const main = 'import { a } from "./a.js"; const b: number = a; b;\n';
    await Deno.writeTextFile(`${folder}/main.ts`, main);
    await Deno.writeTextFile(`${folder}/a.js`, "export const a = 1;\n");
    await Deno.writeTextFile(`${folder}/note.txt`, "an asset");
    const modules = `${folder}/node_modules/tiny`;
    await Deno.mkdir(modules, { recursive: true });
    const manifest = '{"name":"tiny","version":"1.2.3"}';
    await Deno.writeTextFile(`${modules}/package.json`, manifest);

    const { success, stderr } = await new Deno.Command(deno, {
      args: ["compile", "--no-lock", "--no-config", "--no-check"]
        .concat("--include", "note.txt", "--include", "node_modules")
        .concat("--output", "program", "main.ts"),
      cwd: folder,
      env: { NO_COLOR: "1", DENORT_BIN: runtime },
    }).output();
    assert(success, new TextDecoder().decode(stderr));

    const { size: bytes } = await Deno.stat(`${folder}/program`);
    const program = (await look(`${folder}/program`))?.program;
    assert(program);
    assertEquals(program.bytes, bytes);
    assertEquals(program.runtimeBytes + program.applicationBytes, bytes);
    // A payload as a note needs a page or more around it; appended, nothing.
    const { size: runtimeBytes } = await Deno.stat(runtime);
    const around = program.runtimeBytes - runtimeBytes;
    assert(around >= 0 && around < 1024 * 1024, `${around} bytes around it`);
    assertMatch(program.deno ?? "", /^\d+\.\d+\.\d+/);
    assertMatch(program.v8 ?? "", /^\d+\.\d+\.\d+\.\d+-rusty$/);

    const modulesBytes = new Map(
      program.modules.map(({ specifier, bytes }) => [specifier, bytes]),
    );
    assertEquals([...modulesBytes.keys()].sort(), ["a.js", "main.ts"]);
    assertEquals(modulesBytes.get("a.js"), 20);
    // Source, what it was compiled to, and the source map.
    assert((modulesBytes.get("main.ts") ?? 0) > main.length);
    assertEquals(program.assets, [{ path: "note.txt", bytes: 8 }]);
    const [tiny, ...others] = program.npm;
    assertEquals(others, []);
    assertEquals({ ...tiny, bytes: 0 }, {
      name: "tiny",
      version: "1.2.3",
      bytes: 0,
    });
    assert(tiny.bytes >= manifest.length, `${tiny.bytes} bytes`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const whose of ["the images' Deno", "the Deno that runs this test"]) {
  const name = `programSink() reads what ${whose} compiles`;
  if (typeof packaged === "string") {
    Deno.test.ignore(`${name} (skipped: ${packaged})`, () => {});
    continue;
  }
  const { deno, env } = packaged;
  const compiler = whose.startsWith("the images") ? deno : Deno.execPath();
  Deno.test(name, () => holds(compiler, env.DENORT_BIN));
}
