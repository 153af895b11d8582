/**
 * What a program made by `deno compile` is allowed, from the metadata in its
 * payload: `null` refuses, an empty list allows everything, any other list
 * allows what it names. What it denies again is not taken off.
 *
 * @module
 */
import type { Permissions } from "./program_schema.ts";

/** Without `import`: a compiled program finds no module that it does not hold. */
const KINDS = ["net", "read", "write", "env", "run", "sys", "ffi"] as const;

/**
 * Reads the permissions of a program.
 *
 * @param metadata The parsed JSON; may be anything.
 * @returns `undefined` if it does not say.
 */
export function compiledPermissions(
  metadata: unknown,
): Permissions | undefined {
  const options = property(metadata, "permissions");
  // Without a list of this kind, it is no version of the format that is known.
  if (!has(options, "allow_net")) return undefined;
  const permissions: Permissions = { source: "binary" };
  for (const kind of KINDS) {
    const granted = property(options, `allow_${kind}`);
    // Deno up to 2.1 has one word for all.
    if (property(options, "allow_all") === true) permissions[kind] = "all";
    else if (granted !== null && granted !== undefined) {
      permissions[kind] = listOf(granted);
    }
  }
  return permissions;
}

/** A list that names nothing, or that makes no sense, may allow everything. */
function listOf(granted: unknown): "all" | string[] {
  if (!Array.isArray(granted) || granted.length === 0) return "all";
  return granted.every((item) => typeof item === "string") ? granted : "all";
}

function has(value: unknown, key: string): value is object {
  return typeof value === "object" && value !== null &&
    Object.hasOwn(value, key);
}

function property(value: unknown, key: string): unknown {
  return has(value, key) ? Reflect.get(value, key) : undefined;
}
