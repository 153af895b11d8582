/**
 * Programs of this machine as the files of an image: what tests build when it
 * only matters that something runs.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { run } from "../scripts/lib/command.ts";

/**
 * Copies programs and the libraries they are linked with.
 *
 * @param paths The programs, by path.
 * @param root The folder that becomes the image's root; they go to its `bin`.
 */
export async function copyPrograms(paths: string[], root: string) {
  const copy = async (from: string, to: string) => {
    await Deno.mkdir(dirname(join(root, to)), { recursive: true });
    await Deno.copyFile(from, join(root, to));
  };
  for (const path of paths) {
    const real = await Deno.realPath(path);
    await copy(real, `bin/${basename(path)}`);
    const linked = await run("ldd", [real]);
    for (const [library] of linked.matchAll(/\/\S+(?= \()/g)) {
      await copy(library, library);
    }
  }
}
