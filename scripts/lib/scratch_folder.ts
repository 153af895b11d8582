/** A folder that is removed, even by the next run if this one is killed. @module */
import { basename, join } from "node:path";
import { filesIn } from "./files.ts";
import { containerName, isLeftover } from "./owner.ts";

/** Where they would write: layers are large, and `/tmp` is memory on some systems. */
function parent(): string {
  return Deno.env.get("TMPDIR") || "/var/tmp";
}

/** Makes an empty folder; give it to the command as `TMPDIR`. */
export async function makeScratch(): Promise<string> {
  const path = join(parent(), containerName());
  // As buildah makes its own: the service's user passes through.
  await Deno.mkdir(path, { mode: 0o711 });
  return path;
}

/** Removes a folder of {@linkcode makeScratch}, and nothing mounted in it. */
export async function removeScratch(path: string): Promise<void> {
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

/** Runs something with a folder that is removed afterwards, come what may. */
export async function withScratch<T>(
  use: (env: { TMPDIR: string }) => Promise<T>,
): Promise<T> {
  const path = await makeScratch();
  try {
    return await use({ TMPDIR: path });
  } finally {
    await removeScratch(path);
  }
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
