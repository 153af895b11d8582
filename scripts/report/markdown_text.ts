/**
 * Text from a report inside Markdown. Everything that somebody else chose goes
 * into code spans: there, neither HTML nor a mention nor a link takes effect.
 *
 * @module
 */
import { markdownTable } from "markdown-table";
import { printable } from "../lib/format.ts";
import { clip } from "./text_width.ts";

/** Characters of a code span; longer text makes tables unusable. */
const LONGEST = 120;

/**
 * A code span.
 *
 * @param text Any text; control characters become escapes.
 * @param most Longer text is shortened.
 */
export function code(text: string, most = LONGEST): string {
  const shown = clip(printable(text), most);
  if (shown.trim() === "") return "–";
  const runs = shown.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(0, ...runs.map((run) => run.length)) + 1);
  // A space at both ends is taken off again when it is rendered.
  const pad = /^[` ]|[` ]$/.test(shown) ? " " : "";
  return `${fence}${pad}${shown}${pad}${fence}`;
}

/**
 * A fenced block of several lines.
 *
 * @param text Any text; line ends are kept.
 */
export function block(text: string): string {
  const lines = text.trimEnd().split("\n").map(printable);
  const runs = lines.join("\n").match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(2, ...runs.map((run) => run.length)) + 1);
  return [`${fence}text`, ...lines, fence].join("\n");
}

/**
 * A table.
 *
 * @param head Titles.
 * @param rows Cells: figures, or code spans.
 * @param align As `l` or `r` for each column.
 */
export function mdTable(
  head: string[],
  rows: string[][],
  align: string[],
): string {
  // A bar ends a cell even inside a code span.
  const safe = [head, ...rows].map((row) =>
    row.map((cell) => cell.replaceAll("|", "\\|"))
  );
  return markdownTable(safe, { align, alignDelimiters: true, padding: true });
}

/** A part that is folded until somebody wants it. */
export function folded(summary: string, content: string): string {
  return `<details>\n<summary>${summary}</summary>\n\n${content}\n\n</details>`;
}
