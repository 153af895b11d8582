/**
 * Tables of the HTML report: with a caption, headers that assistive technology
 * can follow, and a box of their own to scroll in.
 *
 * @module
 */
import { Markup, markup, NOTHING, type Value } from "./markup.ts";

/** A column's title, and where its cells line up. */
export interface Heading {
  title: Value;
  align?: "left" | "right";
}

/**
 * Renders a table; the first cell of each row is its header.
 *
 * @param caption What it shows; unique on the page, since it names a region.
 * @param head Its columns.
 * @param rows Cells as many as columns.
 * @returns Nothing when there are no rows.
 */
export function htmlTable(
  caption: string,
  head: Heading[],
  rows: Value[][],
): Markup {
  if (rows.length === 0) return NOTHING;
  const side = (index: number) =>
    head[index]?.align === "right" ? markup` class="number"` : NOTHING;
  return markup`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
<table>
<caption>${caption}</caption>
<thead><tr>${
    head.map(({ title }, index) =>
      markup`<th scope="col"${textual(title) || side(index)}>${title}</th>`
    )
  }</tr></thead>
<tbody>
${
    rows.map((row) =>
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
`;
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

/**
 * The first rows of a long list, and how many are left out.
 *
 * @param rows All of them.
 * @param most How many are shown.
 */
export function firstRows(
  rows: Value[][],
  most: number,
): { rows: Value[][]; more: Markup } {
  const left = rows.length - most;
  return left <= 0 ? { rows, more: NOTHING } : {
    rows: rows.slice(0, most),
    more: markup`<p class="note">and ${left} more, in report.json</p>\n`,
  };
}
