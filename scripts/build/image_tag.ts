/**
 * What the images that are built are called in the engine.
 *
 * @module
 */
import { basename, resolve } from "node:path";

/**
 * The tag of a variant's image.
 *
 * @param context Folder that is built; its name is the image's name.
 * @param variant Name of the variant.
 */
export function imageTag(context: string, variant: string): string {
  return `localhost/${clean(basename(resolve(context)))}:${clean(variant)}`;
}

/** A text as a part of an image's name; `image` if nothing is left of it. */
export function clean(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(
    /^-+|-+$/g,
    "",
  ) || "image";
}
