/**
 * The programs that an image starts: its entrypoint, and what the entrypoint is
 * told to start, as in `tini -- /app/server`.
 *
 * @module
 */
import type { Image, Rootfs } from "../image/model.ts";
import {
  isExecutable,
  type Resolved,
  resolvePath,
} from "../image/resolve_path.ts";

/** A program that an image starts. */
export interface StartedProgram {
  /** As the image's config has it. */
  name: string;
  /** Where it is; absent when it is not there. */
  resolved?: Resolved;
}

/**
 * Looks up the words of entrypoint and command in the root file system.
 *
 * @returns The first word always, the others if they are absolute paths of
 * programs; empty when the image has neither entrypoint nor command.
 */
export function startedPrograms(
  image: Image,
  rootfs: Rootfs,
): StartedProgram[] {
  const { entrypoint, cmd, workingDir } = image.config;
  const [name, ...words] = [...entrypoint, ...cmd];
  if (name === undefined) return [];
  const candidates = name.includes("/")
    ? [name.startsWith("/") ? name : `${workingDir}/${name}`]
    : searchPath(image).map((folder) => `${folder}/${name}`);
  const programs: StartedProgram[] = [{
    name,
    resolved: firstExecutable(rootfs, candidates),
  }];
  for (const word of words) {
    if (!word.startsWith("/")) continue;
    const resolved = firstExecutable(rootfs, [word]);
    if (resolved) programs.push({ name: word, resolved });
  }
  return programs;
}

function firstExecutable(
  rootfs: Rootfs,
  paths: string[],
): Resolved | undefined {
  for (const path of paths) {
    const resolved = resolvePath(rootfs, path);
    if (isExecutable(resolved)) return resolved;
  }
}

/** The folders of an image's `PATH`, or of the one that engines set. */
export function searchPath({ config }: Image): string[] {
  const path = config.env.findLast((value) => value.startsWith("PATH="));
  const folders = path?.slice("PATH=".length) ??
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return folders.split(":").filter((folder) => folder.startsWith("/"));
}
