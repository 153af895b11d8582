/**
 * A scratch copy of a build context, with what an engine would send and nothing
 * else.
 *
 * @module
 */
import { parseDockerignore } from "../dockerfile/dockerignore.ts";

/**
 * Copies a context. Modes and times are kept, so that a cache of the engine
 * takes an unchanged file for what it is; links stay links.
 *
 * @param context The folder to copy.
 * @param to An empty folder.
 * @param dockerfile Name of the Dockerfile in the context; its own
 * `<name>.dockerignore` comes before the common one, and it is always copied.
 */
export async function copyContext(
  context: string,
  to: string,
  dockerfile: string,
  signal?: AbortSignal,
): Promise<void> {
  const names = [`${dockerfile}.dockerignore`, ".dockerignore"];
  const always = new Set([dockerfile, ...names]);
  const ignores = parseDockerignore(
    await firstOf(names.map((name) => `${context}/${name}`)),
  );
  const folders: { path: string; info: Deno.FileInfo }[] = [];
  const copy = async (path: string) => {
    signal?.throwIfAborted();
    const from = `${context}/${path}`;
    const info = await Deno.lstat(from);
    // What is in an ignored folder may be taken in again, so it is walked.
    if (info.isDirectory) {
      const before = folders.length;
      folders.push({ path, info });
      const children = await list(from);
      let copied = false;
      for (const child of children) {
        copied = await copy(`${path}/${child}`) || copied;
      }
      if (copied || !ignores(path)) return true;
      folders.length = before;
      return false;
    }
    if (ignores(path) && !always.has(path)) return false;
    await Deno.mkdir(`${to}/${path}`.replace(/\/[^/]*$/, ""), {
      recursive: true,
    });
    if (info.isSymlink) {
      await Deno.symlink(await Deno.readLink(from), `${to}/${path}`);
    } else if (info.isFile) {
      await Deno.copyFile(from, `${to}/${path}`);
      await keepTimes(`${to}/${path}`, info);
    }
    return true;
  };
  for (const name of await list(context)) await copy(name);
  // Last, and the deepest first: to write into a folder changes its time.
  for (const { path, info } of folders.reverse()) {
    await Deno.mkdir(`${to}/${path}`, { recursive: true });
    if (info.mode !== null) {
      await Deno.chmod(`${to}/${path}`, info.mode & 0o7777);
    }
    await keepTimes(`${to}/${path}`, info);
  }
}

async function list(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name))
    .sort();
}

async function keepTimes(path: string, info: Deno.FileInfo): Promise<void> {
  if (info.mtime) await Deno.utime(path, info.atime ?? info.mtime, info.mtime);
}

async function firstOf(paths: string[]): Promise<string> {
  for (const path of paths) {
    try {
      return await Deno.readTextFile(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return "";
}
