/**
 * What runs leave in an engine and on disk: only what the tool has made, by its
 * names and its own records.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { variantNames } from "../dockerfile/find_variants.ts";
import type { Engine } from "../engine/engine.ts";
import { cacheFolder } from "../lib/cache.ts";
import { messageOf } from "../lib/errors.ts";
import { isThere } from "../lib/files.ts";
import { imageTag } from "./image_tag.ts";

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
  const images = await engine.list();
  const tags = (await variantNames(context))
    .map((variant) => imageTag(context, variant));
  const isOwn = (name: string) =>
    tags.some((tag) => name === tag || name.startsWith(`${tag}-`));
  for (const name of images) {
    if (!isOwn(name) && !(bases && name.startsWith(BASES))) continue;
    left.push({
      what: isOwn(name) ? "image" : "base",
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
  for (const name of await names(folder)) {
    const path = join(folder, name);
    // Programs of the bases; the record of steps is needed to remove those.
    if (name === "steps" || !bases && name.endsWith(".whl")) continue;
    left.push({
      what: name.endsWith(".whl") ? "base" : "cache",
      name: path,
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

async function names(folder: string): Promise<string[]> {
  if (!await isThere(folder)) return [];
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.map(({ name }) => name).sort();
}

async function sizeOf(path: string): Promise<number> {
  const { isDirectory, size } = await Deno.lstat(path);
  if (!isDirectory) return size;
  let sum = 0;
  for (const name of await names(path)) sum += await sizeOf(join(path, name));
  return sum;
}
