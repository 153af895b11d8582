/**
 * Where things are kept that would only cost time to make again.
 *
 * @module
 */
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/**
 * The folder for caches, by the XDG convention.
 *
 * @returns `$XDG_CACHE_HOME/deno-small-image`, or the same below `~/.cache`.
 */
export function cacheFolder(): string {
  const home = homedir();
  return join(
    Deno.env.get("XDG_CACHE_HOME") || (home ? join(home, ".cache") : tmpdir()),
    "deno-small-image",
  );
}
