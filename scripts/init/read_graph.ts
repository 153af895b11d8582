/**
 * The modules of its own that a service's entry point imports, as `deno info`
 * finds them. What it imports from elsewhere need not be reachable.
 *
 * @module
 */
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf, UserError } from "../lib/errors.ts";

/** What an entry point imports. */
export interface Graph {
  /** Paths from the service's folder, the entry first. */
  modules: string[];
  /** Their texts. */
  sources: string[];
}

/** The part of `deno info --json` that is used. */
interface Info {
  roots: string[];
  modules: {
    specifier: string;
    error?: string;
  }[];
}

/**
 * Reads the graph of modules.
 *
 * @param folder Folder of the service.
 * @param entry Path of its entry point from there.
 * @throws {UserError} If a module cannot be parsed or found, or lies outside.
 */
export async function readGraph(folder: string, entry: string): Promise<Graph> {
  const root = await Deno.realPath(folder);
  const { modules } = await info(root, entry);
  const own = modules.filter(({ specifier }) =>
    specifier.startsWith("file:") && !specifier.includes("/node_modules/")
  );
  const paths: string[] = [];
  for (const { specifier, error } of own) {
    if (error !== undefined) throw broken(entry, error);
    const path = relative(root, fileURLToPath(specifier));
    if (path.startsWith("..")) {
      throw new UserError(
        `Cannot build "${entry}" from "${folder}": it imports "${path}"`,
        { next: "Give the folder that holds both, and --entry FILE" },
      );
    }
    paths.push(path);
  }
  const all = [entry, ...paths.filter((path) => path !== entry).sort()];
  return {
    modules: all,
    sources: await Promise.all(
      all.map((path) => Deno.readTextFile(join(root, path))),
    ),
  };
}

async function info(root: string, entry: string): Promise<Info> {
  // Without the lock: it may only be read, and may not fit yet.
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-lock", resolve(root, entry)],
    cwd: root,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw broken(entry, decode(stderr).trim());
  try {
    return JSON.parse(decode(stdout));
  } catch (cause) {
    throw broken(entry, messageOf(cause));
  }
}

function broken(entry: string, problem: string): UserError {
  return new UserError(`Cannot read the modules of "${entry}"`, {
    next: "Mend it until `deno check` takes it",
    output: problem,
  });
}
