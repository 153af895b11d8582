/**
 * Finds a `deno` that can compile here, and compiles as the Dockerfiles do.
 *
 * `deno compile` needs `denort`, which it downloads. Where it cannot, the
 * programs that the bases are made of serve as well.
 *
 * @module
 */
import { messageOf } from "../scripts/lib/errors.ts";
import { DENO, DENORT } from "../scripts/bases/pins.ts";
import { fetchWheel, findPip, readProgram } from "../scripts/bases/programs.ts";

const project = `${import.meta.dirname}/..`;

/** The command, and the environment that it needs. */
interface Compiler {
  deno: string;
  env: Record<string, string>;
}

/** The flags of `deno compile` that always ship, read from the Dockerfile. */
export async function shippedFlags(): Promise<string[]> {
  const text = await Deno.readTextFile(`${project}/Dockerfile`);
  const flags = text.replaceAll(/\\\n\s*/g, "")
    .match(/ (--no-prompt .*) -o \/hello main\.ts\b/)?.[1];
  if (!flags) throw new Error("Cannot find deno compile in the Dockerfile");
  return flags.split(" ");
}

/**
 * Compiles programs into a folder.
 *
 * @param folder Where programs, and a compiler if need be, are put.
 * @returns A function that compiles, or the reason why nothing can.
 */
export async function findCompiler(folder: string) {
  const compile = async (
    { deno, env }: Compiler,
    source: string,
    name: string,
    flags: string[],
  ) => {
    const output = `${folder}/${name}`;
    // deno-fmt-ignore
    const args = [
      "compile", "--no-check", "--no-lock",
      "--import-map", `${project}/offline/import_map.json`,
      "--config", `${project}/deno.json`,
      ...flags, "-o", output, source,
    ];
    const { code, stderr } = await new Deno.Command(deno, {
      args,
      env: { NO_COLOR: "1", ...env },
    }).output();
    if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
    return output;
  };
  const reasons: string[] = [];
  for (const find of [ownCompiler, packagedCompiler]) {
    try {
      const compiler = await find(folder);
      const probe = `${folder}/probe.ts`;
      await Deno.writeTextFile(probe, "");
      const program = await compile(compiler, probe, "probe", []);
      // A runtime of another version compiles, and does not run.
      const { success } = await new Deno.Command(program).output();
      if (!success) throw new Error("What deno compile makes does not run");
      return {
        compile: (source: string, name: string, flags: string[]) =>
          compile(compiler, source, name, flags),
      };
    } catch (error) {
      reasons.push(messageOf(error).trim());
    }
  }
  return { reason: reasons.join("\n") };
}

function ownCompiler(): Promise<Compiler> {
  return Promise.resolve({ deno: Deno.execPath(), env: {} });
}

/**
 * The programs of the assembled bases; `deno task image` has cached them.
 *
 * @param folder Where they are put.
 * @throws If they are neither in the cache nor to be had.
 */
export async function packagedCompiler(
  folder: string,
): Promise<Compiler & { env: { DENORT_BIN: string } }> {
  const pip = await findPip();
  if (!pip) throw new Error("There is no pip");
  const architecture = Deno.build.arch === "aarch64" ? "arm64" : "amd64";
  const paths: string[] = [];
  for (const [name, pins] of Object.entries({ deno: DENO, denort: DENORT })) {
    const pin = pins[architecture];
    const wheel = await fetchWheel(pin, pip);
    const path = `${folder}/${name}`;
    const program = ReadableStream.from(readProgram(wheel, pin));
    await Deno.writeFile(path, program, { mode: 0o755 });
    paths.push(path);
  }
  const [deno, denort] = paths;
  return { deno, env: { DENORT_BIN: denort } };
}
