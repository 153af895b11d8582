/**
 * A split program behaves as the whole one: what one says, returns and starts is
 * compared with the other, on real runtimes of both layouts.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertLess,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { dirname, join } from "node:path";
import {
  type ElfFacts,
  programSink,
} from "../scripts/deno_binary/program_sink.ts";
import { split, SplitError } from "../scripts/deno_binary/split.ts";
import { fetchWheel, findPip, readProgram } from "../scripts/bases/programs.ts";
import { attempt } from "../scripts/lib/command.ts";
import { messageOf } from "../scripts/lib/errors.ts";
import { packagedCompiler } from "./compiler.ts";

const PROJECT = join(import.meta.dirname ?? ".", "..");

/** The only runtime with a note that can be had here: its README tells what it is. */
const RUNTIME_29 = join(
  PROJECT,
  "../shared/runtime/denort-2.9.5-quickjs-x86_64.xz",
);
/** The `deno` of the same version. */
const DENO_29 = {
  project: "deno",
  version: "2.9.5",
  platform: "manylinux_2_27_x86_64",
  wheelSha256:
    "e5aec0419739fd0359663a78765d4feda19d1d0b60a682d25add9b78e19f95b4",
  member: "deno-2.9.5.data/scripts/deno",
  size: 95582008,
  sha256: "dc480c462c8c3582524f3e75c160613d0a975e1f66b5465995d58bae236da7d3",
};

/** What is asked of a program: the first argument chooses. */
const SOURCES = {
  "deno.json": JSON.stringify({
    nodeModulesDir: "manual",
    imports: { tiny: "npm:tiny@1.2.3" },
  }),
  "package.json": JSON.stringify({ dependencies: { tiny: "1.2.3" } }),
  "node_modules/tiny/package.json":
    '{"name":"tiny","version":"1.2.3","main":"index.cjs"}',
  "node_modules/tiny/index.cjs": "exports.tiny = __filename;",
  "note.txt": "an embedded file",
  "lazy.ts": "export const lazy: string = import.meta.url;",
  "worker.ts":
    "self.onmessage = ({ data }) => { self.postMessage([data, Deno.execPath()]); };",
  "main.ts": `import { tiny } from "tiny";
import { spawnSync } from "node:child_process";
const [what, ...args] = Deno.args;
const say = (...values: unknown[]) => console.log(JSON.stringify(values));
const start = async (command: string, args: string[], env = {}) => {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, env }).output();
  const text = new TextDecoder();
  say(code, text.decode(stdout), text.decode(stderr));
};
const does: Record<string, () => unknown> = {
  args: () => say(args, Deno.execPath(), Deno.mainModule, import.meta.filename),
  env: () => say(Deno.env.get("LD_PRELOAD"), Object.keys(Deno.env.toObject()).sort()),
  exit: () => Deno.exit(Number(args[0])),
  throws: () => { (function inner() { throw new Error("thrown"); })(); },
  stdin: async () => say(await new Response(Deno.stdin.readable).text()),
  self: () => start(Deno.execPath(), ["args", "again"]),
  "clear env": () => start(Deno.execPath(), ["env"], {}),
  node: () => {
    const { stdout } = spawnSync(process.execPath, ["args", "node"]);
    say(new TextDecoder().decode(stdout));
  },
  shell: () => start("/bin/sh", ["-c", 'echo "[$LD_PRELOAD]"']),
  child: () => start("/usr/bin/env", []),
  file: () => say(Deno.readTextFileSync(import.meta.dirname + "/note.txt")),
  links: () => {
    say(Deno.readLinkSync("/proc/self/exe"));
    try { Deno.readLinkSync("/none"); } catch (error) { say(String(error)); }
    try { Deno.readLinkSync("/"); } catch (error) { say(String(error)); }
  },
  npm: () => say(tiny),
  import: async () => say((await import("./lazy.ts")).lazy),
  worker: async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, (_, i) =>
      new Promise((resolve) => {
        const worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module" });
        worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
        worker.postMessage(i);
      })));
    say(answers);
  },
  ffi: () => {
    const libc = Deno.dlopen("libc.so.6", {
      getpid: { parameters: [], result: "i32" },
      getenv: { parameters: ["buffer"], result: "pointer" },
    });
    const name = new TextEncoder().encode("LD_PRELOAD\\0");
    say(libc.symbols.getpid() === Deno.pid, libc.symbols.getenv(name));
  },
  name: () => say(Deno.readTextFileSync("/proc/self/comm")),
  signal: async () => {
    const stop = new Promise((resolve) => Deno.addSignalListener("SIGTERM", () => resolve("SIGTERM")));
    const timer = setInterval(() => {}, 1000);
    console.log("ready");
    say(await stop);
    clearInterval(timer);
    Deno.exitCode = 3;
  },
};
await does[what]();
`,
};
const NODE_ADDON = "npm:@node-rs/crc32-linux-x64-gnu@1.10.6";

interface Compiler {
  deno: string;
  denort: string;
}

/** Compilers for both layouts, or why there is none. */
const COMPILERS: Record<string, (folder: string) => Promise<Compiler>> = {
  "appended": async (folder) => {
    const { deno, env } = await packagedCompiler(folder);
    return { deno, denort: env.DENORT_BIN };
  },
  "note": async (folder) => {
    if (Deno.build.arch !== "x86_64") throw new Error("it is for amd64");
    await Deno.stat(RUNTIME_29);
    const { code, output } = await attempt("sh", [
      ...["-c", 'xz -dc "$1" > "$2" && chmod 755 "$2"', "sh"],
      ...[RUNTIME_29, `${folder}/denort-note`],
    ]);
    if (code !== 0) throw new Error(output);
    const pip = await findPip();
    if (!pip) throw new Error("There is no pip");
    const wheel = await fetchWheel(DENO_29, pip);
    const program = readProgram(wheel, DENO_29);
    const deno = `${folder}/deno-note`;
    await Deno.writeFile(deno, ReadableStream.from(program), { mode: 0o755 });
    return { deno, denort: `${folder}/denort-note` };
  },
};

const folder = await Deno.makeTempDir({ prefix: "split-" });
globalThis.addEventListener("unload", () => {
  Deno.removeSync(folder, { recursive: true });
});

/** A program, whole and split. */
interface Pair {
  whole: string;
  parts: string;
  denort: string;
}

async function compile(
  { deno, denort }: Compiler,
  { sources, name, flags = [] }: {
    sources: string;
    name: string;
    flags?: string[];
  },
): Promise<string> {
  const output = join(folder, name);
  const { success, stderr } = await new Deno.Command(deno, {
    args: ["compile", "-A", "--no-check", "--no-lock", ...flags]
      .concat("-o", output, "main.ts"),
    cwd: sources,
    env: { NO_COLOR: "1", DENORT_BIN: denort },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return output;
}

/** Splits a program; the parts have its name, in another folder. */
async function cut(whole: string, name: string): Promise<Pair> {
  const denort = join(folder, `${name}-runtime`);
  const parts = split(await Deno.readFile(whole), { runtime: denort });
  const program = join(folder, "parts", name);
  await Deno.mkdir(dirname(program), { recursive: true });
  await Deno.writeFile(denort, parts.denort, { mode: 0o755 });
  await Deno.writeFile(program, parts.program, { mode: 0o755 });
  return { whole, parts: program, denort };
}

/** Runs a program; its own path in what it says becomes `SELF`. */
async function run(
  program: string,
  args: string[],
  env: Record<string, string> = {},
) {
  const process = new Deno.Command(program, {
    args,
    env: { NO_COLOR: "1", PATH: "/usr/bin:/bin", TMPDIR: folder, ...env },
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // Whoever has ended already reads nothing.
  await new Blob(["given"]).stream().pipeTo(process.stdin).catch(() => {});
  const { code, signal, stdout, stderr } = await process.output();
  const text = (bytes: Uint8Array) =>
    new TextDecoder().decode(bytes).replaceAll(program, "SELF");
  return { code, signal, stdout: text(stdout), stderr: text(stderr) };
}

/** What inspect reads of an executable. */
async function inspected(path: string): Promise<ElfFacts> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  const record = {
    type: "file",
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 0,
  } as const;
  const sink = programSink({ path, size, ...record });
  for await (const chunk of file.readable) sink.write(chunk);
  return sink.end() as ElfFacts;
}

const ASKED = [
  ["args"],
  ["args", "--flag", "a b", "", "ü", "--"],
  ...["0", "3", "255"].map((code) => ["exit", code]),
  ...["env", "throws", "stdin", "self", "clear env", "node", "shell", "child"],
  ...["file", "links", "npm", "import", "worker", "ffi", "name"],
].map((args) => [args].flat());

for (const [layout, find] of Object.entries(COMPILERS)) {
  const compiler = await find(folder).catch((error) => messageOf(error));
  const test = (name: string, fn: (compiler: Compiler) => Promise<void>) =>
    Deno.test({
      name: `${layout}: ${name}` +
        (typeof compiler === "string" ? ` (skipped: ${compiler})` : ""),
      ignore: typeof compiler === "string",
      fn: () => typeof compiler === "string" ? Promise.resolve() : fn(compiler),
    });
  let pair: Pair;

  test("the runtime is denort to the byte, the program a few kB", async (compiler) => {
    const sources = join(folder, "sources");
    for (const [name, text] of Object.entries(SOURCES)) {
      await Deno.mkdir(dirname(join(sources, name)), { recursive: true });
      await Deno.writeTextFile(join(sources, name), text);
    }
    const flags = ["note.txt", "lazy.ts", "worker.ts"]
      .flatMap((name) => ["--include", name]);
    const whole = await compile(compiler, { sources, name: layout, flags });
    pair = await cut(whole, layout);
    const [ours, theirs] = await Promise.all(
      [pair.denort, compiler.denort].map((path) => Deno.readFile(path)),
    );
    assert(
      ours.length === theirs.length &&
        ours.every((byte, i) => byte === theirs[i]),
    );
    const parts = split(await Deno.readFile(whole));
    assertEquals(parts.layout, layout);
    assertLess(parts.program.length - parts.payload.length, 3000);
  });

  test("inspect and sbom see in the two files what the whole one has", async () => {
    const [whole, parts, denort] = await Promise.all(
      [pair.whole, pair.parts, pair.denort].map(inspected),
    );
    const { program } = whole;
    assert(program && parts.program);
    assertEquals(parts.program.runtimePath, pair.denort);
    assertEquals(denort.runtime, { deno: program.deno, v8: program.v8 });
    for (const part of ["modules", "npm", "assets", "permissions"] as const) {
      assertEquals(parts.program[part], program[part]);
    }
    assert(program.npm.some(({ name }) => name === "tiny"));
    assertEquals([whole.broken, parts.broken], [undefined, undefined]);
    // What the loader is asked for is asked for by the runtime.
    assertEquals([parts.needed, parts.interpreter], [[], undefined]);
    assertEquals(denort.needed, whole.needed);
    // Alone it is what strip leaves of a program made by Deno up to 2.8.
    assertEquals(denort.broken, "no payload");
  });

  test("inspect tells a program that strip has broken, and a cut one", async () => {
    const stripped = `${pair.whole}-stripped`;
    const { code } = await attempt("strip", ["-o", stripped, pair.whole])
      .catch(() => ({ code: 127 }));
    if (code === 0) {
      assert((await run(stripped, ["args"])).code !== 0);
      const why = layout === "note" ? "overlapping" : "no payload";
      assertEquals((await inspected(stripped)).broken, why);
    }
    const short = `${pair.whole}-cut`;
    await Deno.copyFile(pair.whole, short);
    await Deno.truncate(short, 30_000_000);
    assertEquals((await inspected(short)).broken, "truncated");
  });

  for (const args of ASKED) {
    test(`${args.join(" ")}: split as whole`, async () => {
      const [whole, parts] = await Promise.all(
        [pair.whole, pair.parts].map((program) => run(program, args)),
      );
      assertEquals(parts, whole);
      assertEquals(whole.stdout.includes("undefined"), false);
      const failing = ["exit", "throws"].includes(args[0]);
      if (!failing) assertEquals(whole.code, 0, whole.stderr);
      assert(failing || whole.stdout !== "");
    });
  }

  test("a signal reaches the program, and its exit code is the program's", async () => {
    for (const program of [pair.whole, pair.parts]) {
      const process = new Deno.Command(program, {
        args: ["signal"],
        env: { TMPDIR: folder },
        stdout: "piped",
      }).spawn();
      let said = "";
      for await (
        const text of process.stdout.pipeThrough(new TextDecoderStream())
      ) {
        if (said === "" && text.includes("ready")) process.kill("SIGTERM");
        said += text;
      }
      assertEquals(said, 'ready\n["SIGTERM"]\n');
      assertEquals((await process.status).code, 3);
    }
  });

  test("an LD_PRELOAD of the user's stays, for it and for what it starts", async () => {
    const env = { LD_PRELOAD: "/none/a.so /none/b.so" };
    for (const args of [["env"], ["shell"], ["child"], ["self"]]) {
      const [whole, parts] = await Promise.all(
        [pair.whole, pair.parts].map((program) => run(program, args, env)),
      );
      assertEquals(parts, whole);
      assertStringIncludes(whole.stderr, "/none/a.so");
    }
  });

  test("a program by a relative path, or a link, knows its own", async () => {
    const link = join(folder, "parts", `${layout}-link`);
    await Deno.symlink(pair.parts, link);
    for (const command of [`./${layout}`, `./${layout}-link`]) {
      const { stdout } = await new Deno.Command("sh", {
        args: ["-c", `exec ${command} args`],
        cwd: join(folder, "parts"),
        env: { TMPDIR: folder },
      }).output();
      assertStringIncludes(
        new TextDecoder().decode(stdout),
        `,${JSON.stringify(pair.parts)},`,
      );
    }
  });

  test("where it cannot start it says why, and exits with 127", async () => {
    const odd = join(folder, "parts", "with space");
    await Deno.copyFile(pair.parts, odd);
    const { stderr, ...spaced } = await run(odd, ["args"]);
    assertEquals(spaced, { code: 127, signal: null, stdout: "" });
    assertEquals(
      stderr,
      "Cannot start a program with a space or a colon in its path\n",
    );
    const lonely = join(folder, "parts", "lonely");
    const { program } = split(await Deno.readFile(pair.whole), {
      runtime: "/none/denort",
    });
    await Deno.writeFile(lonely, program, { mode: 0o755 });
    assertEquals(await run(lonely, ["args"]), {
      code: 127,
      signal: null,
      stdout: "",
      stderr: "Cannot execute /none/denort: error 2\n",
    });
  });

  test("what strip leaves of a program is refused", async () => {
    const stripped = join(folder, "stripped");
    const { code, output } = await attempt("strip", [
      ...["-o", stripped, pair.whole],
    ]);
    assertEquals(code, 0, output);
    const file = await Deno.readFile(stripped);
    assertThrows(() => split(file), SplitError, "Cannot split");
  });

  test("a native add-on is loaded", async (compiler) => {
    if (Deno.build.arch !== "x86_64") return;
    const sources = join(folder, `addon-${layout}`);
    await Deno.mkdir(sources);
    await Deno.writeTextFile(
      join(sources, "deno.json"),
      JSON.stringify({
        nodeModulesDir: "auto",
        imports: { addon: NODE_ADDON },
      }),
    );
    await Deno.writeTextFile(
      join(sources, "main.ts"),
      `import { createRequire } from "node:module";
const addon = createRequire(import.meta.url)("@node-rs/crc32-linux-x64-gnu");
console.log(addon.crc32("hello"), Deno.execPath());
`,
    );
    const { code, output } = await attempt(
      "sh",
      ["-c", 'cd "$1" && "$2" install -q', "sh", sources, Deno.execPath()],
    );
    assertEquals(code, 0, output);
    const name = `addon-${layout}-program`;
    const flags = ["--include", "node_modules"];
    const { whole, parts } = await cut(
      await compile(compiler, { sources, name, flags }),
      name,
    );
    const [expected, got] = [await run(whole, []), await run(parts, [])];
    assertEquals(got, expected);
    assertEquals(expected.stdout, "907060870 SELF\n", expected.stderr);
  });
}
