/**
 * The modules of its own that a service consists of, as `deno info` finds them,
 * with the workers and CommonJS modules that it does not follow.
 *
 * @module
 */
import { extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { MODULE } from "../dockerfile/deno_command.ts";
import { messageOf, UserError } from "../lib/errors.ts";
import { isFile } from "../lib/files.ts";
import { fileMentions } from "./read_hints.ts";

export type Modules = Awaited<ReturnType<typeof readModules>>;

/** Where modules come from that are not the service's own. */
type Kind = "npm" | "remote" | "node";
const KINDS: [Kind, RegExp][] = [
  ["npm", /(?:^| )npm:|\/node_modules\//],
  ["remote", /(?:^| )(?:jsr|https?):/],
  ["node", /(?:^| )node:/],
];

/** The part of `deno info --json` that is used. */
interface Info {
  modules: {
    specifier: string;
    error?: string;
    dependencies?: {
      specifier: string;
      code?: { specifier?: string; error?: string; resolutionMode?: string };
    }[];
  }[];
}

/**
 * @param flags `--config` and `--import-map`, if the service is run with them.
 * @throws {UserError} If a module cannot be parsed or found, or lies outside.
 */
export async function readModules(
  root: string,
  entry: string,
  flags: string[] = [],
) {
  const packages = new Set<Kind>();
  const sources = new Map<string, string>();
  const unseen = new Set<string>();
  const missing: string[] = [];
  let commonJs = false;
  const queue = new Set([entry]);
  for (const next of queue) {
    const { modules } = await readInfo(root, next, flags);
    const required = new Set<string>();
    const imports = modules.flatMap(({ dependencies = [] }) => dependencies);
    for (const { specifier, code } of imports) {
      const names = `${specifier} ${code?.specifier ?? ""}`;
      for (const [kind, form] of KINDS) {
        if (form.test(names)) packages.add(kind);
      }
      // A package that package.json lists and that is not installed yet.
      if (/deno install/.test(code?.error ?? "")) packages.add("npm");
      if (code?.resolutionMode === "require" && code.specifier) {
        required.add(code.specifier);
      }
    }
    for (const { specifier, error } of modules) {
      const isOwn = specifier.startsWith("file:") &&
        !specifier.includes("/node_modules/");
      if (!isOwn && error !== undefined) missing.push(specifier);
      if (!isOwn) continue;
      const isRequired = required.has(specifier);
      if (error !== undefined && !isRequired) throw broken(entry, error);
      const file = fileURLToPath(specifier);
      const found = isRequired ? await findRequired(file) : file;
      if (found === undefined) throw broken(entry, error ?? specifier);
      const path = relative(root, found);
      if (path.startsWith("..")) {
        throw new UserError(
          `Cannot build "${entry}" from "${root}": it imports "${path}"`,
          { next: "Give the folder that holds both, and --entry FILE" },
        );
      }
      if (isRequired) {
        commonJs = true;
        unseen.add(path);
        if (!sources.has(path)) queue.add(path);
      } else if (!sources.has(path)) {
        sources.set(path, withoutComments(await Deno.readTextFile(found)));
      }
    }
    for (const [path, text] of sources) {
      for (const mention of fileMentions(text)) {
        if (mention.from !== "module" || !MODULE.test(mention.path)) continue;
        const worker = join(path, "..", mention.path);
        if (sources.has(worker) || queue.has(worker)) continue;
        if (!await isFile(join(root, worker))) continue;
        unseen.add(worker);
        queue.add(worker);
      }
    }
  }
  const others = [...sources.keys()].filter((path) => path !== entry).sort();
  const paths = [entry, ...others];
  return {
    /** From the top of the project, the entry first. */
    paths,
    /** Their texts, without comments. */
    sources: paths.map((path) => sources.get(path) ?? ""),
    /** Those that `deno compile` does not find by itself. */
    unseen: [...unseen].sort(),
    packages,
    /** Imports from elsewhere that cannot be reached from here. */
    missing,
    commonJs,
  };
}

/** The file that `require` finds: it adds extensions, and takes an index. */
async function findRequired(path: string): Promise<string | undefined> {
  const endings = ["", ".js", ".cjs", ".json", "/index.js", "/index.cjs"];
  for (const file of endings.map((ending) => path + ending)) {
    if (await isFile(file)) return file;
  }
}

async function readInfo(
  root: string,
  entry: string,
  flags: string[],
): Promise<Info> {
  const file = resolve(root, entry);
  if (extname(file) === ".json") return { modules: [] };
  // Without the lock: it may only be read, and may not fit yet.
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-lock", ...flags, file],
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

/** Removes comments, which may name ports and paths that nothing uses. */
export function withoutComments(text: string): string {
  return text.replace(
    /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[^]*?\*\//g,
    (token) => /^\/[/*]/.test(token) ? " " : token,
  );
}

function broken(entry: string, problem: string): UserError {
  return new UserError(`Cannot read the modules of "${entry}"`, {
    next: "Fix it until `deno check` takes it",
    output: problem,
  });
}
