/**
 * The next deploy: changes one line of the service in a copy of the context, builds
 * again, and compresses the layers that are new, which every machine pulls again.
 *
 * @module
 */
import { hash } from "node:crypto";
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import { entryCandidates } from "../dockerfile/deno_command.ts";
import {
  parseDockerfile,
  parseDockerignore,
} from "../dockerfile/parse_dockerfile.ts";
import type { BuildOptions, Engine } from "../engine/engine.ts";
import { readImage } from "../image/read_image.ts";
import { cacheFolder, readCache, writeCache } from "../lib/cache.ts";
import { EXIT, explainFiles, UserError } from "../lib/errors.ts";
import { isFile, isThere, textOf } from "../lib/files.ts";
import { ownTag } from "../lib/owner.ts";
import { makeScratch, removeScratch } from "../lib/scratch_folder.ts";
import { isOwnFailure, removeImage } from "./build_variants.ts";
import { engineSource } from "./look.ts";
import { compression, layerSizes } from "./pull_sizes.ts";
import type { BuiltRun, RunContext } from "./variant_run.ts";

/** Valid in any module, dropped by no bundler, and the same for the engine's cache. */
const CHANGE =
  '\nObject.defineProperty(globalThis, "nextDeploy", { value: 1 });\n';

/**
 * @param options The build of the image that is out there, but for the tag.
 * @param before Diff IDs of that image.
 * @returns The changed image's new diff IDs, lowest layer first; disposing of them
 * removes it.
 * @throws {UserError} When no module to change is found, or the build fails.
 */
export async function buildChanged(
  engine: Pick<Engine, "build" | "inspect" | "remove">,
  options: BuildOptions & { tag: string },
  before: string[],
): Promise<AsyncDisposable & { newDiffIds: string[] }> {
  const { context, tag, signal } = options;
  const dockerfile = relativeTo(context, options.dockerfile);
  const entry = await findEntry(context, dockerfile);
  const remove = () => removeImage(engine, tag);
  let scratch: string | undefined;
  try {
    scratch = await makeScratch();
    await copyContext(context, scratch, dockerfile, signal);
    await Deno.writeTextFile(`${scratch}/${entry}`, CHANGE, { append: true });
    await engine.build({
      ...options,
      context: scratch,
      dockerfile: `${scratch}/${dockerfile}`,
      discardSteps: true,
    });
    const info = await engine.inspect(tag);
    if (!info) throw new Error(`The build left no image "${tag}"`);
    const newDiffIds = [...new Set(info.diffIds).difference(new Set(before))];
    return { newDiffIds, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    const next = "Set TMPDIR to a folder with room for a copy of the context";
    const message = "Cannot copy the context";
    throw explainFiles(message, error, { full: next, readOnly: next }) ?? error;
  } finally {
    if (scratch !== undefined) await removeScratch(scratch);
  }
}

function relativeTo(context: string, path: string): string {
  const file = relative(Deno.realPathSync(context), Deno.realPathSync(path));
  if (!file.startsWith("../")) return file;
  throw new UserError(
    `Cannot find the next deploy of "${path}": it is outside its context`,
    { next: "Keep the Dockerfile in the folder given with --context" },
  );
}

async function findEntry(context: string, dockerfile: string): Promise<string> {
  const text = await Deno.readTextFile(`${context}/${dockerfile}`);
  for (const candidate of entryCandidates(parseDockerfile(text))) {
    if (await isFile(`${context}/${candidate}`)) return candidate;
  }
  throw new UserError(`Cannot tell which module "${dockerfile}" compiles`, {
    next:
      "Name it in the Dockerfile as the last word of deno compile or deno run",
    exitCode: EXIT.checkFailed,
  });
}

const keptSchema = z.object({
  bytes: z.int().nonnegative(),
  kept: z.array(z.string()),
});

/** A variant whose next deploy fails has a note instead. */
export async function nextDeploys(
  runs: BuiltRun[],
  context: RunContext,
): Promise<void> {
  const { progress } = context.io;
  for (const run of runs) {
    await progress.step(`Next deploy of ${run.name}`, async (say) => {
      try {
        run.nextDeploy = await nextDeploy(run, context, say);
      } catch (error) {
        if (!isOwnFailure(error, context)) throw error;
        run.notes.push(`next deploy: ${error.message}`);
      }
    });
  }
}

async function nextDeploy(
  { looked, file, built }: BuiltRun,
  { config, engine, io }: RunContext,
  say: (line: string) => void,
): Promise<BuiltRun["nextDeploy"]> {
  // The change is always the same, so the same image built by the same Dockerfile
  // has the same next deploy.
  const key = JSON.stringify([engine.name, looked.image.id, file.text]);
  const name = `${hash("sha256", key)}.json`;
  const cache = join(cacheFolder(), "next-deploy", name);
  const known = keptSchema.safeParse(await readCache(cache));
  if (known.success) {
    say("known: neither the image nor its Dockerfile has changed");
    return { ...known.data, kept: new Set(known.data.kept) };
  }
  const before = looked.image.layers.map((layer) => layer.diffId);
  const tag = ownTag("next-deploy");
  await using changed = await buildChanged(engine, {
    ...built.options,
    context: config.context,
    dockerfile: file.dockerfile,
    tag,
    onLine: say,
    signal: io.signal,
  }, before);
  const source = engineSource(engine, tag);
  const image = await readImage(source, {
    signal: io.signal,
    compress: compression(false),
  });
  const sizes = await layerSizes([{ source, image }], { zstd: false, io });
  const bytes = changed.newDiffIds.reduce((sum, diffId) => {
    const size = sizes.get(diffId);
    if (!size) throw new Error(`Layer ${diffId} has no compressed size`);
    return sum + size.gzipBytes;
  }, 0);
  const after = new Set(image.layers.map((layer) => layer.diffId));
  const kept = before.filter((diffId) => after.has(diffId));
  await writeCache(cache, { bytes, kept });
  return { bytes, kept: new Set(kept) };
}

/**
 * Copies what the engine would send of a context, and the Dockerfile. Modes and times
 * are kept, so that a cache of the engine takes an unchanged file for what it is.
 */
async function copyContext(
  context: string,
  to: string,
  dockerfile: string,
  signal?: AbortSignal,
): Promise<void> {
  const [own, common] = [`${dockerfile}.dockerignore`, ".dockerignore"];
  const always = new Set([dockerfile, own, common]);
  const used = await isThere(`${context}/${own}`) ? own : common;
  const ignores = parseDockerignore(await textOf(`${context}/${used}`));
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
    await Deno.mkdir(dirname(`${to}/${path}`), { recursive: true });
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
