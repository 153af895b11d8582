/** What the images that are built are called in the engine. @module */
import { basename, resolve } from "node:path";

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
