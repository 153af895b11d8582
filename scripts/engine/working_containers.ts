/**
 * The containers in which buildah, and podman with it, builds: they have no
 * label and no name of our choice, so a mark in their stored options tells
 * whose they are. A build that is told to end leaves its own behind.
 *
 * @module
 */
import { attempt } from "../lib/command.ts";

/**
 * The mark that a build was given, by a container's `buildah.json`: the parent
 * control group, which buildah's chroot isolation makes nothing of, or else the id
 * of the first secret, which no step asks for.
 */
export function markIn(state: string): string | undefined {
  const options = JSON.parse(state)?.CommonBuildOpts;
  const secret: unknown = options?.Secrets?.[0];
  return options?.CgroupParent ||
    (typeof secret === "string" ? /^id=([^,]*)/.exec(secret)?.[1] : undefined);
}

/**
 * Removes the working containers whose name or mark is chosen; returns the names.
 *
 * @param store The folder with a folder for each container, and the command that
 * removes one, up to its id.
 */
export async function removeWorking(
  listed: { id: string; name: string }[],
  store: { folder: string; remove: [command: string, ...args: string[]] },
  chosen: (nameOrMark: string) => boolean,
): Promise<string[]> {
  const removed: string[] = [];
  for (const { id, name } of listed) {
    const mark = await readMark(`${store.folder}/${id}/userdata/buildah.json`);
    if (!chosen(name) && !(mark && chosen(mark))) continue;
    const [command, ...args] = store.remove;
    const { code } = await attempt(command, [...args, id]);
    if (code === 0) removed.push(name);
  }
  return removed;
}

async function readMark(path: string): Promise<string | undefined> {
  try {
    return markIn(await Deno.readTextFile(path));
  } catch {
    return undefined; // No build's, or not ours to read: it is left alone.
  }
}
