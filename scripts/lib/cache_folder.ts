/**
 * Where things are kept that would only cost time to make again.
 *
 * @module
 */
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * The folder for caches, by the XDG convention.
 *
 * @param env Reads an environment variable.
 * @returns `$XDG_CACHE_HOME/deno-small-image` if that is absolute, or the same
 * below `~/.cache`.
 */
export function cacheFolder(
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
): string {
  const root = env("XDG_CACHE_HOME");
  if (root?.startsWith("/")) return join(root, "deno-small-image");
  return join(env("HOME") || tmpdir(), ".cache", "deno-small-image");
}
