/**
 * The part of a service's `deno.json`, `package.json` and workspace that its
 * Dockerfiles depend on.
 *
 * @module
 */
import { join, relative, resolve } from "node:path";
import { z } from "zod";
import { UserError, whyUnreadable } from "../lib/errors.ts";
import { isThere } from "../lib/files.ts";
import { programName } from "../lib/own_file.ts";
import { parseJson, readText } from "../lib/parse_json.ts";

// What is not listed is Deno's own business.
const configSchema = z.object({
  name: z.string().optional(),
  license: z.string().optional(),
  exports: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
  /** By name, what each runs. */
  tasks: z.record(
    z.string(),
    z.union([
      z.string(),
      z.object({ command: z.string().default("") })
        .transform(({ command }) => command),
    ]),
  ).default({}),
  permissions: z.record(z.string(), z.unknown()).default({}),
  importMap: z.string().optional(),
  nodeModulesDir: z.union([z.string(), z.boolean()]).optional(),
  vendor: z.boolean().optional(),
  lock: z.union([
    z.boolean(),
    z.string(),
    z.object({ path: z.string().optional() }),
  ]).optional(),
  workspace: z.union([
    z.array(z.string()),
    z.object({ members: z.array(z.string()).default([]) })
      .transform(({ members }) => members),
  ]).default([]),
});
const packageSchema = z.object({
  name: z.string().optional(),
  license: z.string().optional().catch(undefined),
  main: z.string().optional(),
  type: z.string().optional(),
  scripts: z.record(z.string(), z.string()).default({}),
  workspaces: z.union([
    z.array(z.string()),
    z.object({ packages: z.array(z.string()).default([]) })
      .transform(({ packages }) => packages),
  ]).default([]),
});

export type DenoConfig = z.output<typeof configSchema>;

/** A folder with a `deno.json`, a `package.json`, both or neither. */
export type Member = Awaited<ReturnType<typeof readMember>>;

/** A service's folder, or as with Deno the workspace that it is a member of. */
export interface Project {
  /** Absolute path: the context of the build. */
  root: string;
  /** The top first, then the members of its workspace. */
  members: Member[];
  /** The member that was asked for, if it is not the top. */
  asked?: Member;
}

/** @throws {UserError} If a file is not what Deno would take. */
export async function readProject(folder: string): Promise<Project> {
  const asked = await realPath(folder);
  for (let root = asked;; root = resolve(root, "..")) {
    const top = await readMember(root, "").catch((error) => {
      // What lies above and cannot be read is not this service's workspace.
      if (root === asked) throw error;
    });
    const patterns = [
      ...top?.config.workspace ?? [],
      ...top?.npm.workspaces ?? [],
    ];
    const folders = await expand(root, patterns);
    if (top !== undefined && patterns.length > 0) {
      const from = relative(root, asked);
      if (root !== asked && !folders.includes(from)) break;
      const members = await Promise.all(
        folders.map((path) => readMember(root, path)),
      );
      const own = members.find(({ folder }) => folder === from);
      return { root, members: [top, ...members], asked: own };
    }
    if (root === resolve(root, "..")) break;
  }
  return { root: asked, members: [await readMember(asked, "")] };
}

/** Folders that a workspace names; `packages/*` stands for those in it. */
async function expand(root: string, patterns: string[]): Promise<string[]> {
  const folders = await Promise.all(patterns.map(async (pattern) => {
    const path = pattern.replace(/^\.\//, "").replace(/\/+$/, "");
    if (!path.endsWith("*")) return [path];
    const parent = path.replace(/\/?\*+$/, "");
    const items = await Array.fromAsync(Deno.readDir(join(root, parent)))
      .catch(() => []);
    return items.filter((item) => item.isDirectory)
      .map(({ name }) => join(parent, name));
  }));
  return [...new Set(folders.flat())].filter((path) => path !== "").sort();
}

/** @param folder Path from the top, as those of the configuration files. */
async function readMember(root: string, folder: string) {
  const path = (name: string) => join(folder, name);
  const files: string[] = [];
  const find = async <T>(names: string[], schema: z.ZodType<T>): Promise<T> => {
    for (const name of names) {
      const text = await readIfThere(join(root, path(name)));
      if (text === undefined) continue;
      files.push(path(name));
      return parseConfig(text, join(root, path(name)), schema);
    }
    return schema.parse({});
  };
  const config = await find(["deno.json", "deno.jsonc"], configSchema);
  const npm = await find(["package.json"], packageSchema);
  return { folder, files, config, npm };
}

export async function readConfig(file: string): Promise<DenoConfig> {
  const text = await readIfThere(file);
  if (text === undefined) {
    throw new UserError(`Cannot find the configuration "${file}"`, {
      next: "Correct --config in the task that serves",
    });
  }
  return parseConfig(text, file, configSchema);
}

function parseConfig<T>(text: string, file: string, schema: z.ZodType<T>): T {
  return parseJson(text, file, schema, {
    next: "Fix the file until `deno check` takes it",
    lenient: true,
  });
}

/** Path of the lock file; absent if Deno is told to use none. */
export function lockFile({ lock }: DenoConfig): string | undefined {
  if (lock === false) return;
  const path = typeof lock === "object" ? lock.path : lock;
  return typeof path === "string" ? path.replace(/^\.\//, "") : "deno.lock";
}

async function realPath(folder: string): Promise<string> {
  try {
    // A file has a path, too, and nothing in it.
    for await (const _ of Deno.readDir(folder)) break;
    return await Deno.realPath(folder);
  } catch (error) {
    const why = whyUnreadable(error);
    throw new UserError(`Cannot read the folder "${folder}": ${why}`, {
      next: `Give the folder of a Deno service: ${programName()} init DIR`,
    });
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  return await isThere(file) ? await readText(file) : undefined;
}
