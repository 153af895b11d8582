/**
 * The part of a service's `deno.json`, `package.json` and workspace that its
 * Dockerfiles depend on, and what it may do by them, so that the same is compiled in.
 *
 * @module
 */
import { join, relative, resolve } from "node:path";
import { z } from "zod";
import type { DenoCommand } from "../dockerfile/deno_command.ts";
import { isOwnHost, permissionFlag } from "../inspect/permissions.ts";
import { UserError, whyUnreadable } from "../lib/errors.ts";
import { isThere } from "../lib/files.ts";
import { programName } from "../lib/own_file.ts";
import { parseJson, readText } from "../lib/parse_json.ts";
import { LEAST } from "./read_hints.ts";

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
    if (top !== undefined && top.workspace.length > 0) {
      const folders = await expand(root, top.workspace);
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
  const workspace = [...config.workspace, ...npm.workspaces];
  return { folder, files, config, npm, workspace };
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

/** Everything, or what is listed. */
type Allowed = true | string[];

export type Permissions = ReturnType<typeof findPermissions>;

/** Node has no permissions; this is what its servers use without asking. */
const NODE = ["--allow-net", "--allow-env"];
/** Names of permission sets for serving, the likeliest first. */
const SETS = ["serve", "start", "default"];

export function findPermissions(
  config: DenoConfig,
  command: DenoCommand | undefined,
  isNode: boolean,
  /** What its code needs, where nothing else tells. */
  code: string[],
) {
  const given = command?.flags ?? [];
  const make = (more: string[], source: string, isGuess = false) => {
    const flags = [...given, ...more];
    const [net, env, read, write] = ["net", "env", "read", "write"]
      .map((name) => allowedBy(config, flags, name));
    // Of a guess the files are to be added that are read and written.
    return { flags, source, isGuess, net, env, read, write };
  };
  const serving = command?.verb === "serve";
  if (given.some((flag) => !flag.startsWith("--unstable"))) {
    const found = make([], "its task");
    if (!serving) return found;
    // deno serve listens without being permitted to.
    const lacks = LEAST.filter((_, at) => {
      const allowed = [found.net, found.env][at];
      return allowed !== true && allowed.length === 0;
    });
    return make(lacks, "its task, and what deno serve listens with");
  }
  if (isNode && !serving) return make(NODE, "Node has no permissions", true);
  const names = serving ? [] : Object.keys(config.permissions);
  const set = SETS.find((name) => names.includes(name)) ??
    (names.length === 1 ? names[0] : undefined);
  if (set !== undefined) {
    return make([set === "default" ? "-P" : `-P=${set}`], "its permission set");
  }
  const source = "what its own code uses: nothing names its permissions";
  return make(code, source, true);
}

function allowedBy(
  config: DenoConfig,
  flags: string[],
  name: string,
): Allowed {
  const found = flags.map((flag): Allowed => {
    const given = permissionFlag(flag);
    if (given === undefined) {
      const [, set = "default"] = flag.split("=");
      return fromSet(config.permissions[set], name);
    }
    const isThis = given.kinds.some((kind) => kind === name || kind === "all");
    return isThis ? given.values ?? true : [];
  });
  if (found.includes(true)) return true;
  return found.flatMap((allowed) => allowed === true ? [] : allowed);
}

/** A permission of a set: `true`, a list, or an object with `allow`. */
function fromSet(set: unknown, name: string): Allowed {
  const { all, [name]: value } = (set ?? {}) as Record<string, unknown>;
  const isObject = typeof value === "object" && value !== null &&
    "allow" in value;
  const allow = isObject ? value.allow : value ?? all;
  if (allow === true) return true;
  if (!Array.isArray(allow)) return [];
  return allow.filter((item) => typeof item === "string");
}

/** Relative paths of a permission, without `./` and a slash at the end. */
export function relativePaths(allowed: Allowed): string[] {
  if (allowed === true) return [];
  return allowed.filter((path) => !path.startsWith("/") && !path.includes(".."))
    .map((path) => path.replace(/^\.\//, "").replace(/\/+$/, ""))
    .filter((path) => path !== "" && path !== ".");
}

/** Hosts besides its own that it may reach; `true` for any. */
export function reachableHosts({ net }: Permissions): Allowed {
  if (net === true) return true;
  // `:8080` is a port on any of its own.
  return net.filter((host) => !isOwnHost(host) && !/^(?::\d+)?$/.test(host));
}

/** Whether it may ask itself on this host, as a health check does. */
export function mayAsk({ net }: Permissions, port: number): boolean {
  if (net === true) return true;
  return net.some((host) =>
    /^(?:0\.0\.0\.0|127\.0\.0\.1|localhost)(?::|$)/.test(host) &&
    (!/:\d+$/.test(host) || host.endsWith(`:${port}`))
  );
}
