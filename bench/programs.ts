/**
 * The programs that benchmarks run: the service, compiled as it ships, and the
 * same service in Go with Echo.
 *
 * @module
 */
import { EXIT, UserError } from "../scripts/lib/errors.ts";
import { findCompiler, shippedFlags } from "../tests/compiler.ts";
import { output } from "./commands.ts";

/** Compiles the service, or another source, with flags of `deno compile`; gives the program's path. */
type Compile = (
  name: string,
  flags: string[],
  bundle?: boolean,
  source?: string,
) => Promise<string>;

/** The flags that ship: those that the service needs, and those that tune it. */
export async function shipped(): Promise<{ plain: string[]; extra: string[] }> {
  const flags = await shippedFlags();
  const tunes = (flag: string) => flag.startsWith("--v8-flags=");
  return {
    plain: flags.filter((flag) => !tunes(flag)),
    extra: flags.filter(tunes),
  };
}

/**
 * Finds a compiler.
 *
 * @param folder Where programs go.
 * @throws {UserError} When nothing compiles here.
 */
export async function serviceCompiler(folder: string): Promise<Compile> {
  const { compile, reason } = await findCompiler(folder);
  if (!compile) {
    throw new UserError("Nothing compiles here", {
      next: "Run deno task image once: it caches a compiler",
      exitCode: EXIT.environment,
      output: reason,
    });
  }
  const main = new URL("../main.ts", import.meta.url).pathname;
  const map = new URL("../offline/import_map.json", import.meta.url).pathname;
  return async (name, flags, bundle, source = main) => {
    if (!bundle) return await compile(source, name, flags);
    const module = `${folder}/${name}.js`;
    // deno-fmt-ignore
    await output([
      Deno.execPath(), "bundle", "--quiet", "--minify", "--no-lock",
      "--import-map", map, "--output", module, source,
    ]);
    return await compile(module, name, flags);
  };
}

/** Compiles the service as the Dockerfiles do. */
export async function buildService(folder: string): Promise<string> {
  const compile = await serviceCompiler(folder);
  return await compile("hello", await shippedFlags());
}

/** Builds the Go service. */
export async function buildEcho(folder: string): Promise<string> {
  const path = `${folder}/echo`;
  await output(
    ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "."],
    {
      cwd: new URL("peers/echo/", import.meta.url),
    },
  );
  return path;
}
