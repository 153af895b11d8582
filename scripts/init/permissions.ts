/**
 * What a service may do, by its task or its `deno.json`, so that the same is
 * compiled in.
 *
 * @module
 */
import type { DenoCommand } from "../dockerfile/deno_command.ts";
import { isOwnHost, permissionFlag } from "../inspect/permissions.ts";
import type { Modules } from "./read_modules.ts";
import type { DenoConfig } from "./read_project.ts";

/** Everything, or what is listed. */
type Allowed = true | string[];

export type Permissions = ReturnType<typeof findPermissions>;

/** What a server needs at the least. */
const LEAST = ["--allow-net=0.0.0.0,127.0.0.1", "--allow-env=PORT"];
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
  const make = (flags: string[], source: string, isGuess = false) => {
    const [net, env, read, write] = ["net", "env", "read", "write"]
      .map((name) => allowedBy(config, flags, name));
    // Of a guess the files are to be added that are read and written.
    return { flags, source, isGuess, net, env, read, write };
  };
  // deno serve listens without being permitted to.
  const serving = command?.verb === "serve";
  const given = command?.flags ?? [];
  const guess = () =>
    make(
      [...given, ...code],
      "what its own code uses: nothing names its permissions",
      true,
    );
  if (given.some((flag) => !flag.startsWith("--unstable"))) {
    const found = make(given, "its task");
    if (!serving) return found;
    return make([
      ...given,
      ...isNothing(found.net) ? [LEAST[0]] : [],
      ...isNothing(found.env) ? [LEAST[1]] : [],
    ], "its task, and what deno serve listens with");
  }
  if (serving) return guess();
  if (isNode) {
    return make([...given, ...NODE], "Node has no permissions", true);
  }
  const names = Object.keys(config.permissions);
  const set = SETS.find((name) => names.includes(name)) ??
    (names.length === 1 ? names[0] : undefined);
  if (set === undefined) return guess();
  const flag = set === "default" ? "-P" : `-P=${set}`;
  return make([...given, flag], "its permission set");
}

/** Names of variables that are read, and reads that name none. */
const ENV =
  /\b(?:Deno\s*\.\s*env\s*\.\s*(?:get|has)\(\s*["'`](\w+)["'`]\s*\)|process\.env(?:\.(\w+)|\[\s*["'`](\w+)["'`]\s*\])|(?:Deno|process)\s*\.\s*env\b|\benv\b[^{}]*\}\s*(?:=\s*(?:Deno|process)\b|from\s*["'](?:node:)?process["']))/g;
/** Reaches hosts that are not named. */
const CONNECTS =
  /\bDeno\s*\.\s*connect|\b(?:net|tls)\.connect\(|\bcreateConnection\(|\bhttps?\.(?:get|request)\(|["'`]\w*_(?:URL|URI|HOST|ADDR|ENDPOINT|DSN)["'`]|\.env\.\w*_(?:URL|URI|HOST|ADDR|ENDPOINT|DSN)\b|["'`](?:postgres(?:ql)?|mysql|mongodb(?:\+srv)?|rediss?|amqps?|nats|smtps?):\/\//;
const ASKS =
  /(?<![\w.$])(?:fetch|WebSocket|EventSource)\(\s*(?!["'`]\/)(?:["'`](?:https?|wss?):\/\/([\w.-]+(?::\d+)?)(?=["'`/?#])|(?=\S))/g;
const DEFINES = /\bfetch\(([^()]*)\)\s*(?::[^{};]+)?\{/g;
const SYSTEM =
  /\bDeno\s*\.\s*(?:hostname|os(?:Release|Uptime)|loadavg|networkInterfaces|systemMemoryInfo|uid|gid)\b|["'](?:node:)?os["']/;

/** Network, variables and system, as the code of a service uses them. */
export function codeFlags(
  { sources, packages }: Pick<Modules, "sources" | "packages">,
): string[] {
  const text = sources.join("\n").replace(DEFINES, " ");
  const hosts = [...text.matchAll(ASKS)].map(([, host]) => host);
  const isAny = CONNECTS.test(text) || hosts.includes(undefined!);
  const reads = [...text.matchAll(ENV)]
    .map(([, deno, node, index]) => deno ?? node ?? index)
    .filter((name) => name !== "PORT");
  const isAll = packages.has("npm") || packages.has("remote") ||
    reads.includes(undefined!);
  return [
    isAny ? "--allow-net" : [LEAST[0], ...new Set(hosts)].join(","),
    isAll ? "--allow-env" : [LEAST[1], ...new Set(reads)].join(","),
    ...SYSTEM.test(text) ? ["--allow-sys"] : [],
  ];
}

function isNothing(allowed: Allowed): boolean {
  return allowed !== true && allowed.length === 0;
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
