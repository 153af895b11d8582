/** The programs that an image starts, as in `tini -- /app/server`. @module */
import type { Image, Rootfs } from "../image/model.ts";
import { isExecutable, resolvePath } from "../image/resolve_path.ts";

/** The first word always, the others if they are absolute paths of programs. */
export function startedPrograms(image: Image, rootfs: Rootfs) {
  const { entrypoint, cmd, workingDir } = image.config;
  const [name, ...words] = [...entrypoint, ...cmd];
  if (name === undefined) return [];
  const candidates = name.includes("/")
    ? [name.startsWith("/") ? name : `${workingDir}/${name}`]
    : searchPath(image).map((folder) => `${folder}/${name}`);
  const others = words.filter((word) => word.startsWith("/"))
    .map((word) => ({ name: word, resolved: firstExecutable(rootfs, [word]) }));
  return [
    { name, resolved: firstExecutable(rootfs, candidates) },
    ...others.filter(({ resolved }) => resolved),
  ];
}

function firstExecutable(rootfs: Rootfs, paths: string[]) {
  return paths.map((path) => resolvePath(rootfs, path)).find(isExecutable);
}

/** The folders of an image's `PATH`, or of the one that engines set. */
export function searchPath({ config }: Image): string[] {
  const path = config.env.findLast((value) => value.startsWith("PATH="));
  const folders = path?.slice("PATH=".length) ??
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return folders.split(":").filter((folder) => folder.startsWith("/"));
}
