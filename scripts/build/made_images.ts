/**
 * Which images a context's runs have made: those of another folder of its name are
 * called alike.
 *
 * @module
 */
import { hash } from "node:crypto";
import { join, resolve } from "node:path";
import { z } from "zod";
import type { Engine } from "../engine/engine.ts";
import { cacheFolder, filesIn, readCache, writeCache } from "../lib/files.ts";

/** The folder of the records, in the cache. */
export const MADE = "made";

const madeSchema = z.object({
  engine: z.string(),
  context: z.string(),
  image: z.string(),
  id: z.string(),
});

interface Place {
  engine: Pick<Engine, "name" | "inspect">;
  context: string;
  folder?: string;
}

/** Puts on record that a context's run has made an image, by `name` or another one. */
export async function recordMade(
  image: string,
  { engine, context, folder = cacheFolder() }: Place,
  name = image,
): Promise<void> {
  const id = (await engine.inspect(name))?.id;
  if (id === undefined) return;
  const made = { engine: engine.name, context: resolve(context), image };
  const key = hash("sha256", JSON.stringify(made));
  await writeCache(join(folder, MADE, `${key}.json`), { ...made, id });
}

/** The images that a context's runs have made and that still have their names. */
export async function madeImages(
  { engine, context, folder = cacheFolder() }: Place,
) {
  const found = [];
  for (const file of await filesIn(join(folder, MADE))) {
    const { data } = madeSchema.safeParse(await readCache(file));
    if (data?.engine !== engine.name || data.context !== resolve(context)) {
      continue;
    }
    const info = await engine.inspect(data.image);
    if (info?.id === data.id) found.push({ name: data.image, info, file });
  }
  return found;
}
