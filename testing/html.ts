/**
 * A strict reader of our own pages for the tests: browsers forgive what no page
 * of ours should contain.
 *
 * @module
 */

/** An element as it was opened. */
export interface Tag {
  name: string;
  attributes: Record<string, string>;
  /** Names of the elements around it, outermost first. */
  within: string[];
}

const VOID = new Set(["meta", "br"]);
const TOKEN =
  /<!DOCTYPE html>|<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?: [a-zA-Z][a-zA-Z0-9-]*="[^"<>]*")*)(\/?)>|([^<>]+)/gy;

/**
 * Reads a page.
 *
 * @param page HTML in which every attribute is quoted and every element closed.
 * @returns All elements in order.
 * @throws {Error} That shows the place where it is not well-formed.
 */
export function readHtml(page: string): Tag[] {
  const tags: Tag[] = [];
  const open: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < page.length) {
    const at = TOKEN.lastIndex;
    const found = TOKEN.exec(page);
    const near = page.slice(Math.max(0, at - 80), at + 80);
    if (found === null) throw new Error(`Cannot read the page at: ${near}`);
    const [, closing, name, attributes, empty, text] = found;
    if (text !== undefined && /&(?!(?:amp|lt|gt|quot|#39|nbsp);)/.test(text)) {
      throw new Error(`Cannot read an entity in: ${text.slice(0, 80)}`);
    }
    if (name === undefined) continue;
    if (closing === "/") {
      const last = open.pop();
      if (last !== name) {
        throw new Error(`Cannot close <${name}> in <${last}>: ${near}`);
      }
      continue;
    }
    tags.push({
      name,
      attributes: Object.fromEntries(
        [...attributes.matchAll(/ ([a-zA-Z][a-zA-Z0-9-]*)="([^"]*)"/g)]
          .map(([, key, value]) => [key, value]),
      ),
      within: [...open],
    });
    if (empty !== "/" && !VOID.has(name)) open.push(name);
  }
  if (open.length > 0) {
    throw new Error(`Cannot find the end of <${open.at(-1)}>`);
  }
  return tags;
}
