/**
 * Names of assembled bases: a tag holds a hash of everything that they are made
 * from, so a changed recipe is another image and an unchanged one is found again.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** Anything that JSON can write. */
export type Json =
  | string
  | number
  | boolean
  | null
  | Json[]
  | { [key: string]: Json };

/**
 * Name and tag of a base.
 *
 * @param kind What the base is for.
 * @param ingredients All that decides its content; the order of keys is of no
 * matter, the order of lists is.
 * @returns For example `localhost/deno-small-image/runtime:8f1c0a92b3d4`.
 */
export function baseName(kind: "builder" | "runtime", ingredients: Json) {
  const hash = createHash("sha256").update(canonical(ingredients)).digest(
    "hex",
  );
  return `localhost/deno-small-image/${kind}:${hash.slice(0, 12)}`;
}

/** JSON with sorted keys. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const pairs = Object.keys(value).sort().map((key) =>
      `${JSON.stringify(key)}:${canonical(value[key])}`
    );
    return `{${pairs.join(",")}}`;
  }
  return JSON.stringify(value);
}
