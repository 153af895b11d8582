/**
 * Holds the reader to programs that deno itself makes. It needs the runtime that
 * `deno compile` puts in front, in `DENORT_BIN`, since that is a download else.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { ElfFacts } from "./elf.ts";
import { programSink } from "./program_sink.ts";

const runtime = Deno.env.get("DENORT_BIN");
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

Deno.test({
  name: runtime
    ? "programSink() reads a program that deno compile makes"
    : "programSink() reads a program that deno compile makes (needs DENORT_BIN)",
  ignore: !linux || !runtime,
  async fn() {
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

      const { success, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["compile", "--no-lock", "--no-config", "--no-check"]
          .concat("--include", "note.txt", "--include", "node_modules")
          .concat("--output", "program", "main.ts"),
        cwd: folder,
        env: { NO_COLOR: "1" },
      }).output();
      assert(success, new TextDecoder().decode(stderr));

      const { size: bytes } = await Deno.stat(`${folder}/program`);
      const program = (await look(`${folder}/program`))?.program;
      assert(program);
      assertEquals(program.bytes, bytes);
      assertEquals(program.runtimeBytes + program.applicationBytes, bytes);
      // A payload as a note needs a page or more around it; appended, nothing.
      const { size: runtimeBytes } = await Deno.stat(`${runtime}`);
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
  },
});
