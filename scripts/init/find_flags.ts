/**
 * What a service may do: the permissions that its task or its `deno.json` gives
 * it, so that the same are compiled in.
 *
 * @module
 */
import type { RunCommand } from "./read_command.ts";
import type { DenoConfig } from "./read_config.ts";

/** Flags for `deno compile`. */
export interface Flags {
  flags: string[];
  /** What told so. */
  source: string;
  /** Relative paths that it may read, without `./` and a slash at the end. */
  reads: string[];
}

/** What a server needs at the least. */
const LEAST = ["--allow-net=0.0.0.0,127.0.0.1", "--allow-env=PORT"];
/** Names of permission sets for serving, the likeliest first. */
const SETS = ["serve", "start", "default"];

/**
 * Finds the flags.
 *
 * @param config The service's `deno.json`.
 * @param command The task that runs it, if there is one.
 */
export function findFlags(config: DenoConfig, command?: RunCommand): Flags {
  if (command !== undefined && command.flags.length > 0) {
    const flags = command.flags;
    return { flags, source: "its task", reads: reads(config, flags) };
  }
  const names = Object.keys(config.permissions);
  const set = SETS.find((name) => names.includes(name)) ??
    (names.length === 1 ? names[0] : undefined);
  if (set === undefined) {
    const source = "the least a server needs: nothing names its permissions";
    return { flags: LEAST, source, reads: [] };
  }
  const flags = [set === "default" ? "-P" : `-P=${set}`];
  return { flags, source: "its permission set", reads: reads(config, flags) };
}

/** A relative path that a program reads has to be embedded in it. */
function reads(config: DenoConfig, flags: string[]): string[] {
  const paths = flags.flatMap((flag): string[] => {
    const set = /^(?:-P|--permission-set)(?:=(.+))?$/.exec(flag);
    if (set !== null) return readList(config.permissions[set[1] ?? "default"]);
    const list = /^(?:-R|--allow-read)=(.+)$/.exec(flag);
    return list?.[1].split(",") ?? [];
  });
  return paths.filter((path) => !path.startsWith("/") && !path.includes(".."))
    .map((path) => path.replace(/^\.\//, "").replace(/\/+$/, ""))
    .filter((path) => path !== "" && path !== ".");
}

function readList(set: unknown): string[] {
  const { read } = (set ?? {}) as { read?: unknown };
  if (!Array.isArray(read)) return [];
  return read.filter((path) => typeof path === "string");
}
