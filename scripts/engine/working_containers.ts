/**
 * The containers in which buildah, and podman with it, builds: they have no
 * label and no name of our choice, so a mark in their stored options tells
 * whose they are. A build that is told to end leaves its own behind.
 *
 * @module
 */
import { attempt } from "../lib/command.ts";

/** A working container, as the engine lists it. */
interface WorkingContainer {
  id: string;
  name: string;
}

/** Where an engine keeps working containers, and how it removes one. */
interface WorkingStore {
  /** Folder with a folder for each container. */
  folder: string;
  /** The command and the words before the container's id. */
  remove: [command: string, ...args: string[]];
}

/**
 * The mark that a build was given.
 *
 * @param state Content of a container's `buildah.json`.
 * @returns The parent control group, which buildah's chroot isolation makes
 * nothing of, or else the id of the first secret, which no step asks for.
 */
export function markIn(state: string): string | undefined {
  const options = JSON.parse(state)?.CommonBuildOpts;
  const secret: unknown = options?.Secrets?.[0];
  return options?.CgroupParent ||
    (typeof secret === "string" ? /^id=([^,]*)/.exec(secret)?.[1] : undefined);
}

/**
 * Removes the working containers whose name or mark is chosen.
 *
 * @param chosen Told the name, and the mark if there is one.
 * @returns Names of the containers that were removed.
 */
export async function removeWorking(
  listed: WorkingContainer[],
  store: WorkingStore,
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
