/** What is at a path, where an error means that nothing is. @module */
import { join } from "node:path";

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
