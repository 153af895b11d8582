/** What is kept between runs: small files of JSON in one folder. @module */
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { messageOf } from "./errors.ts";

/** The folder for caches, by the XDG convention. */
export function cacheFolder(
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
): string {
  const root = env("XDG_CACHE_HOME");
  if (root?.startsWith("/")) return join(root, "deno-small-image");
  return join(env("HOME") || tmpdir(), ".cache", "deno-small-image");
}

/** What was kept in a file, unchecked; `undefined` if nothing can be read. */
export async function readCache(file: string): Promise<unknown> {
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch {
    return undefined;
  }
}

let failure: string | undefined;

/** Why something could not be kept since the start, if so: no failure of the run. */
export function cacheFailure(): string | undefined {
  return failure;
}

/** Keeps a value; renamed into place, so that no one ever reads half of it. */
export async function writeCache(file: string, value: unknown): Promise<void> {
  const beside = `${file}.${crypto.randomUUID()}`;
  try {
    await Deno.mkdir(dirname(file), { recursive: true });
    // Variables and the history of an image may have secrets in them.
    await Deno.writeTextFile(beside, JSON.stringify(value), { mode: 0o600 });
    await Deno.rename(beside, file);
  } catch (error) {
    failure ??= messageOf(error);
    await Deno.remove(beside).catch(() => {});
  }
}
