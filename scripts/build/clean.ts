/**
 * What runs leave in an engine and on disk: only what the tool has made, by its
 * names and its own records.
 *
 * @module
 */
import { basename, resolve } from "node:path";
import type { Engine } from "../engine/engine.ts";
import { cacheFolder } from "../lib/cache.ts";
import { messageOf } from "../lib/errors.ts";
import { filesIn } from "../lib/files.ts";
import { MADE, madeImages } from "./made_images.ts";

/** Bases that were assembled from packages. */
const BASES = "localhost/deno-small-image/";

interface Left {
  what: "image" | "steps" | "base" | "cache";
  /** The image's name, the folder or a number of images. */
  name: string;
  /** What it takes; absent where the engine does not tell. */
  bytes?: number;
  /** Resolves with why it could not be removed, if it could not. */
  remove(): Promise<string | undefined>;
}

/** @param options `bases`: bases from packages too, and the programs in them. */
export async function findLeft(
  context: string,
  engine: Engine,
  { bases, folder = cacheFolder() }: { bases: boolean; folder?: string },
): Promise<Left[]> {
  const left: Left[] = [];
  for (const made of await madeImages({ engine, context, folder })) {
    left.push({
      what: "image",
      name: made.name,
      bytes: made.info.sizeBytes,
      remove: () =>
        attempt(async () => {
          await engine.remove(made.name);
          await Deno.remove(made.file);
        }),
    });
  }
  for (const name of bases ? await engine.list() : []) {
    if (!name.startsWith(BASES)) continue;
    left.push({
      what: "base",
      name,
      bytes: (await engine.inspect(name))?.sizeBytes,
      remove: () => attempt(() => engine.remove(name)),
    });
  }
  const steps = await engine.steps(context, { remove: false });
  const absolute = resolve(context);
  if (steps > 0) {
    left.push({
      what: "steps",
      name: `${steps} untagged images that builds of ${absolute} start from`,
      remove: () => attempt(() => engine.steps(context, { remove: true })),
    });
  }
  for (const path of await filesIn(folder)) {
    // The records are needed to remove what they name.
    if (["steps", MADE].includes(basename(path))) continue;
    const isProgram = path.endsWith(".whl"); // Of the bases.
    if (isProgram && !bases) continue;
    left.push({
      what: isProgram ? "base" : "cache",
      name: isProgram ? path : `${path} (of all contexts)`,
      bytes: await sizeOf(path),
      remove: () => attempt(() => Deno.remove(path, { recursive: true })),
    });
  }
  // Images go before what they are built upon.
  const order = ["image", "steps", "base", "cache"];
  return left.sort((a, b) => order.indexOf(a.what) - order.indexOf(b.what));
}

async function attempt(work: () => Promise<unknown>) {
  try {
    await work();
  } catch (error) {
    return messageOf(error);
  }
}

/** Bytes of the files in a file or folder. */
async function sizeOf(path: string): Promise<number> {
  const { isDirectory, size } = await Deno.lstat(path);
  if (!isDirectory) return size;
  let sum = 0;
  for (const file of await filesIn(path)) sum += await sizeOf(file);
  return sum;
}
