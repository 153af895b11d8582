/**
 * The images that a Dockerfile is built on, and where it names them, so that they
 * can be pinned in place.
 *
 * @module
 */
import { argDefaults, instructions, unquote } from "./arg_defaults.ts";

/** An image that a Dockerfile names. */
export interface BaseImage {
  /** With every argument replaced by its default. */
  reference: string;
  /** The argument whose default is the whole of it. */
  argument?: string;
}

/**
 * Finds the images that a Dockerfile names in `FROM` and `COPY --from`, but for
 * its own stages and `scratch`.
 *
 * @param text The Dockerfile.
 * @returns Each once, in the order in which they are named. One that takes an
 * argument without a default is left out: there is nothing to look up.
 */
export function baseImages(text: string): BaseImage[] {
  const defaults = argDefaults(text);
  const stages = new Set(["scratch"]);
  const found = new Map<string, BaseImage>();
  for (const line of instructions(text)) {
    const [, word, stage] =
      /^FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$/i.exec(line) ??
        /^(?:COPY|ADD)\s+(?:--\S+\s+)*?--from=(\S+)\s/i.exec(line) ?? [];
    if (word === undefined) continue;
    const reference = unquote(word, (name) => defaults[name]);
    const isOwn = stages.has(reference.toLowerCase()) || /^\d+$/.test(word);
    if (stage !== undefined) stages.add(stage.toLowerCase());
    if (isOwn || reference === "" || !isKnown(word, defaults)) continue;
    const argument = /^\$(?:\{(\w+)\}|(\w+))$/.exec(word);
    found.set(reference, {
      reference,
      ...argument ? { argument: argument[1] ?? argument[2] } : {},
    });
  }
  return [...found.values()];
}

/** Whether every argument has a value, its default or one given in place. */
function isKnown(word: string, defaults: Record<string, string>): boolean {
  return [...word.matchAll(/\$(?:(\w+)|\{(\w+)(:?[-+])?)/g)]
    .every(([, plain, name, operator]) =>
      operator !== undefined || defaults[plain ?? name] !== undefined
    );
}

/**
 * Pins images: where one is named, as the default of an argument or in `FROM` or
 * `COPY --from`, the other name takes its place. Nothing else changes.
 *
 * @param text The Dockerfile.
 * @param pins Names as they are written, to what to write.
 */
export function pinImages(
  text: string,
  pins: ReadonlyMap<string, string>,
): string {
  const lines = text.split("\n");
  return lines.map((line) => {
    if (!/^\s*(ARG|FROM|COPY|ADD)\s/i.test(line)) return line;
    return line.replace(
      /((?:^\s*FROM\s+(?:--\S+\s+)*|\s--from=|^\s*ARG\s+\w+=))(["']?)([^\s"']+)\2(?=\s|$)/gi,
      (all, before, quote, name) => {
        const pin = pins.get(name);
        return pin === undefined ? all : `${before}${quote}${pin}${quote}`;
      },
    );
  }).join("\n");
}
