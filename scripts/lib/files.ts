/** Files: what is at a path, what is kept between runs, and folders that are removed. @module */
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { messageOf } from "./errors.ts";
import { containerName, isLeftover } from "./owner.ts";

export async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

export async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isFile, () => false);
}

/** The text of a file; empty where there is none. */
export async function textOf(path: string): Promise<string> {
  return await Deno.readTextFile(path).catch(() => "");
}

/** The paths of what is in a folder, in order; none where there is no folder. */
export async function filesIn(folder: string): Promise<string[]> {
  return await Array.fromAsync(
    Deno.readDir(folder),
    ({ name }) => join(folder, name),
  ).then((paths) => paths.sort(), () => []);
}

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

/** Where engines would write: layers are large, and `/tmp` is memory on some systems. */
function parent(): string {
  return Deno.env.get("TMPDIR") || "/var/tmp";
}

/** A folder, and what has a command write there; disposing of it removes it. */
export interface Scratch extends AsyncDisposable {
  path: string;
  env: { TMPDIR: string };
}

/** Makes an empty one. */
export async function makeScratch(): Promise<Scratch> {
  const path = join(parent(), containerName());
  // As buildah makes its own: the service's user passes through.
  await Deno.mkdir(path, { mode: 0o711 });
  const dispose = () => removeScratch(path);
  return { path, env: { TMPDIR: path }, [Symbol.asyncDispose]: dispose };
}

/** Removes a folder of {@linkcode makeScratch}, and nothing mounted in it. */
async function removeScratch(path: string): Promise<void> {
  const mounts = await Deno.readTextFile("/proc/self/mountinfo")
    .catch(() => "");
  if (isMountedBelow(mounts, path)) return;
  try {
    await Deno.remove(path, { recursive: true });
  } catch {
    // In use for a moment longer, or gone: the next sweep finds what is left.
  }
}

/** Whether anything is mounted at or below a path, by `/proc/self/mountinfo`. */
export function isMountedBelow(mountinfo: string, path: string): boolean {
  return mountinfo.split("\n").map((line) => line.split(" ")[4] ?? "")
    .some((point) => point === path || point.startsWith(`${path}/`));
}

/** Finds the folders that killed runs have left, and removes them if told to. */
export async function sweepScratch(
  { remove }: { remove: boolean },
): Promise<string[]> {
  const folders = (await filesIn(parent()))
    .filter((path) => isLeftover(basename(path)));
  if (remove) { for (const path of folders) await removeScratch(path); }
  return folders;
}
