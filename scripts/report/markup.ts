/**
 * HTML and SVG that cannot be broken out of: whatever is put into a template is
 * escaped, unless it came out of a template itself.
 *
 * @module
 */
import { printable } from "../lib/format.ts";
import type { Column } from "./table.ts";

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

/**
 * A table; the first cell of each row is its header. Nothing without items.
 *
 * @param caption What it shows; unique on the page, since it names a region.
 * @param most How many rows are shown; those left out are counted below.
 */
export function htmlTable<T>(
  caption: string,
  items: readonly T[],
  columns: Column<T, Value>[],
  most = items.length,
): Markup {
  if (items.length === 0) return NOTHING;
  return markup`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
<table>
<caption>${caption}</caption>
<thead><tr>${
    columns.map(([title, , side]) =>
      markup`<th scope="col"${textual(title) || numeric(side)}>${title}</th>`
    )
  }</tr></thead>
<tbody>
${
    items.slice(0, most).map((item, row) =>
      markup`<tr>${
        columns.map(([, cellOf, side], index) => {
          const cell = cellOf(item, row);
          if (index > 0) {
            const kind = textual(cell) || numeric(side);
            return markup`<td${kind}>${cell ?? "–"}</td>`;
          }
          // Names break at their hyphens unless they are told not to.
          const short = typeof cell === "string" && markup` class="short"`;
          const kind = textual(cell) || short || numeric(side);
          return markup`<th scope="row"${kind}>${cell}</th>`;
        })
      }</tr>
`
    )
  }</tbody>
</table>
</div>
${
    items.length > most &&
    markup`<p class="note">and ${
      items.length - most
    } more, in report.json</p>\n`
  }`;
}

function numeric(side: "right" | undefined): Markup | false {
  return side === "right" && markup` class="number"`;
}

/** Sentences get a column that they can be read in. */
function textual(cell: Value): Markup | false {
  const text = cell instanceof Markup
    ? cell.text.replace(/<[^>]*>/g, "")
    : cell;
  return typeof text === "string" && text.length > 24 &&
    markup` class="text"`;
}

/** Text as the image has it. */
export function coded(text: string): Markup {
  return markup`<code>${text}</code>`;
}
