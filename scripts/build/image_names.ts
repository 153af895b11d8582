/**
 * What the images that are built are called in the engine, and which of them a
 * context's runs have made: those of another folder of its name are called alike.
 *
 * @module
 */
import { hash } from "node:crypto";
import { basename, join, resolve } from "node:path";
import type { Engine } from "../engine/engine.ts";
import { cacheFolder, filesIn, readCache, writeCache } from "../lib/files.ts";

/**
 * The name of a variant's image: by its context, or `name` or `name:tag` as `given`,
 * where each of several variants is told apart by its name in the tag.
 */
export function imageTag(
  context: string,
  variant: string,
  given?: { name: string; several: boolean },
): string {
  if (given === undefined) {
    return `localhost/${clean(basename(resolve(context)))}:${clean(variant)}`;
  }
  const { name, several } = given;
  const [, , tag] = IMAGE_NAME.exec(name) ?? [];
  if (!several) return tag === undefined ? `${name}:latest` : name;
  return tag === undefined
    ? `${name}:${clean(variant)}`
    : `${name}-${clean(variant)}`;
}

/** `registry:port/path:tag`, by the grammar of the distribution specification. */
const IMAGE_NAME =
  /^((?:[\w.-]+(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*)(?::([\w][\w.-]{0,127}))?$/;

export function isImageName(text: string): boolean {
  return IMAGE_NAME.test(text);
}

/** A text as a part of an image's name; `image` if nothing is left of it. */
export function clean(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "") || "image";
}

/** The folder of the records, in the cache. */
export const MADE = "made";

type Made = Record<"engine" | "context" | "image" | "id", string>;

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
    const made = await readCache(file) as Made | null | undefined;
    if (made?.engine !== engine.name || made.context !== resolve(context)) {
      continue;
    }
    const info = await engine.inspect(made.image);
    if (info?.id === made.id) found.push({ name: made.image, info, file });
  }
  return found;
}
