/**
 * HTML and SVG that cannot be broken out of: whatever is put into a template is
 * escaped, unless it came out of a template itself. @module
 */
import { printable } from "../lib/format.ts";

/** Text that is HTML or SVG already. */
export class Markup {
  constructor(readonly text: string) {}
}

/** What a template takes; `undefined` and `false` leave no trace. */
export type Value =
  | string
  | number
  | undefined
  | false
  | Markup
  | readonly Value[];

/** A template: markup`<p>${"a < b"}</p>`.text is `<p>a &lt; b</p>`. */
export function markup(
  literals: TemplateStringsArray,
  ...values: Value[]
): Markup {
  return new Markup(
    literals.map((literal, index) => literal + render(values[index])).join(""),
  );
}

/** Markup for nothing. */
export const NOTHING = new Markup("");

function render(value: Value): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "object") return value.map(render).join("");
  // Hundredths of a pixel are enough, and keep a picture small.
  if (typeof value === "number") return String(Math.round(value * 100) / 100);
  return escape(value);
}

/** Escapes text for content and for attributes in double quotes. */
function escape(text: string): string {
  return printable(text)
    .replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Lines of text for a `<pre>`: line ends are kept, all else is escaped. */
export function preformatted(text: string): Markup {
  return new Markup(text.trimEnd().split("\n").map(escape).join("\n"));
}
