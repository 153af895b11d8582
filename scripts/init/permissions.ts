/**
 * What a service may do, by its task or its `deno.json`, so that the same is
 * compiled in.
 *
 * @module
 */
import type { DenoCommand } from "../dockerfile/deno_command.ts";
import { isOwnHost, permissionFlag } from "../inspect/permissions.ts";
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
) {
  const make = (flags: string[], source: string) => {
    const [net, env, read, write] = ["net", "env", "read", "write"]
      .map((name) => allowedBy(config, flags, name));
    return { flags, source, net, env, read, write };
  };
  // deno serve listens without being permitted to.
  const serving = command?.verb === "serve";
  const given = command?.flags ?? [];
  if (given.some((flag) => !flag.startsWith("--unstable")) || serving) {
    const found = make(given, "its task");
    if (!serving) return found;
    return make([
      ...given,
      ...isNothing(found.net) ? [LEAST[0]] : [],
      ...isNothing(found.env) ? [LEAST[1]] : [],
    ], "its task, and what deno serve listens with");
  }
  if (isNode) return make([...given, ...NODE], "Node has no permissions");
  const names = Object.keys(config.permissions);
  const set = SETS.find((name) => names.includes(name)) ??
    (names.length === 1 ? names[0] : undefined);
  if (set === undefined) {
    const source = "the least a server needs: nothing names its permissions";
    return make([...given, ...LEAST], source);
  }
  const flag = set === "default" ? "-P" : `-P=${set}`;
  return make([...given, flag], "its permission set");
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
