/**
 * HTML and SVG that cannot be broken out of: whatever is put into a template is
 * escaped, unless it came out of a template itself.
 *
 * @module
 */
import { printable } from "../lib/format.ts";

/** Text that is HTML or SVG already. */
export class Markup {
  constructor(readonly text: string) {}

  /** The markup itself. */
  toString(): string {
    return this.text;
  }
}

/** What a template takes; `undefined` and `false` leave no trace. */
export type Value =
  | string
  | number
  | undefined
  | false
  | Markup
  | readonly Value[];

/**
 * A template for markup.
 *
 * @example
 * ```ts
 * markup`<p>${"a < b"}</p>`.text; // <p>a &lt; b</p>
 * ```
 */
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
  if (typeof value === "number") return String(value);
  if (typeof value !== "string") return value.map(render).join("");
  return escape(value);
}

/** Escapes text for content and for attributes in double quotes. */
function escape(text: string): string {
  return printable(text).replace(
    /[&<>"']/g,
    (character) => ENTITIES[character],
  );
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

/** A column's title; `right` where its cells are figures, which line up there. */
type Heading = string | { right: string };

/**
 * Renders a table; the first cell of each row is its header.
 *
 * @param caption What it shows; unique on the page, since it names a region.
 * @param rows Cells as many as columns.
 * @param most How many rows are shown; those left out are counted below.
 * @returns Nothing when there are no rows.
 */
export function htmlTable(
  caption: string,
  head: Heading[],
  rows: Value[][],
  most = rows.length,
): Markup {
  if (rows.length === 0) return NOTHING;
  const side = (index: number) =>
    typeof head[index] === "object" && markup` class="number"`;
  return markup`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
<table>
<caption>${caption}</caption>
<thead><tr>${
    head.map((column, index) => {
      const title = typeof column === "string" ? column : column.right;
      return markup`<th scope="col"${
        textual(title) || side(index)
      }>${title}</th>`;
    })
  }</tr></thead>
<tbody>
${
    rows.slice(0, most).map((row) =>
      markup`<tr>${
        row.map((cell, index) =>
          index === 0
            ? markup`<th scope="row"${
              // Names break at their hyphens unless they are told not to.
              textual(cell) ||
              (typeof cell === "string"
                ? markup` class="short"`
                : side(index))}>${cell}</th>`
            : markup`<td${textual(cell) || side(index)}>${cell ?? "–"}</td>`
        )
      }</tr>
`
    )
  }</tbody>
</table>
</div>
${
    rows.length > most &&
    markup`<p class="note">and ${rows.length - most} more, in report.json</p>\n`
  }`;
}

/** Sentences get a column that they can be read in. */
function textual(cell: Value): Markup | false {
  const text = typeof cell === "string"
    ? cell
    : cell instanceof Markup
    ? cell.text.replace(/<[^>]*>/g, "")
    : "";
  return text.length > 24 && markup` class="text"`;
}
