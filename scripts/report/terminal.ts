/**
 * Writes documents for a terminal: no line is longer than it is wide, but for
 * commands, and nothing from an image controls it. @module
 */
import { styleText } from "node:util";
import { printable } from "../lib/format.ts";
import {
  type Block,
  type Column,
  type Inline,
  isMark,
  linesIn,
  type Mark,
  plain,
  type Remark,
  type Table,
} from "./document.ts";
import { sectionsOf } from "./report_document.ts";
import type { Report } from "./report_schema.ts";
import { clip, clipMiddle, textWidth, wrap } from "./text_width.ts";

export interface TerminalOptions {
  columns: number;
  color: boolean;
}

type Color = "bold" | "dim" | "green" | "red" | "yellow";

interface Style {
  /** Columns that a line may take. */
  columns: number;
  paint: (color: Color, text: string) => string;
}

/**
 * Renders a report, ending in a newline: the comparison first, then where the
 * bytes are, then all that needs attention, closest to where the cursor ends.
 */
export function terminal(report: Report, options: TerminalOptions): string {
  const sections = sectionsOf(report, [
    "origin",
    "sizes",
    "headline",
    "lead",
    "layers",
    "growth",
    "notes",
    "problems",
    "counts",
    "images",
    "verdict",
  ]);
  return writeTerminal(sections.map(({ blocks }) => blocks), options);
}

/** Renders the parts of a document, an empty line between them. */
export function writeTerminal(
  parts: Block[][],
  { columns, color }: TerminalOptions,
): string {
  const style: Style = {
    columns,
    paint: (name, text) =>
      color ? styleText(name, text, { validateStream: false }) : text,
  };
  return parts.flatMap((part) => withTables(part, style))
    .map((block) => write(block, style))
    .filter((text) => text !== "").join("\n\n") + "\n";
}

function write(block: Block, style: Style): string {
  if ("text" in block) {
    return linesOf(block.text, style.columns, style).join("\n");
  }
  if ("remarks" in block) {
    return block.remarks.map((remark) => told(remark, style)).join("\n");
  }
  if ("terms" in block) return terms(block.terms, style);
  return "table" in block ? drawn(block.table, style) : "";
}

/** Lines of a failed build's output that are shown. */
const OUTPUT_LINES = 20;

/** A word and beside it, broken into lines, what it is of. */
function told(remark: Remark, style: Style): string {
  const { word, text, output = "", next } = remark;
  const { paint, columns } = style;
  const color = word === "FAIL" ? "red" : word === "FOUND" ? "yellow" : "dim";
  const before = paint(color, word.padEnd(4)) + "  ";
  // A command that is broken into lines could not be pasted.
  const room = word === "run" || word === "push" ? Infinity : columns;
  const beneath = [
    ...output.trimEnd().split("\n").slice(-OUTPUT_LINES).map(printable),
    printable(next === undefined ? "" : `next: ${next}`),
  ].filter((line) => line !== "");
  return [
    beside(before, linesOf(text, room - textWidth(before), style)),
    ...beneath.flatMap((line) => wrap(line, columns - 6))
      .map((line) => indent(line, 6)),
  ].join("\n");
}

/** Titles and texts, one below the other. */
function terms(terms: [Inline, Inline][], style: Style): string {
  const titles = terms.map(([title]) => printable(plain(title)));
  const width = Math.max(...titles.map(textWidth)) + GAP;
  return terms.map(([, text], index) =>
    beside(
      style.paint("dim", padded(titles[index], width)),
      linesOf(text, style.columns - width, style),
    )
  ).join("\n");
}

/** Lines to the right of a text. */
function beside(text: string, [first, ...rest]: string[]): string {
  const width = textWidth(text);
  return [text + first, ...rest.map((line) => indent(line, width))].join("\n");
}

/** Spaces between two columns. */
const GAP = 2;
/** Text is not made narrower than this to fit. */
const NARROWEST = 24;

/** What a column takes: as it is, and at least. */
function widthOf({ title, cells }: Column): number {
  return Math.max(
    1,
    ...[title, ...cells.flatMap(linesIn)]
      .map((line) => textWidth(printable(plain(line)))),
  );
}

function sumOf(widths: number[]): number {
  return widths.reduce((sum, width) => sum + width + GAP, -GAP);
}

/** Tables that stand beside each other as far as there is room. */
function withTables(blocks: Block[], { columns: room }: Style): Block[] {
  const fits = (columns: Column[]) =>
    sumOf(columns.map((column) => Math.min(widthOf(column), NARROWEST))) <=
      room;
  const found: Block[] = [];
  for (const block of blocks) {
    if (!("table" in block) || !block.table.joins) {
      found.push(block);
      continue;
    }
    const [names, ...columns] = block.table.columns;
    const add = (columns: Column[]) => {
      const last = found.at(-1);
      const there = last && "table" in last && last.table.joins
        ? last.table.columns
        : undefined;
      if (there && fits([...there, ...columns])) return there.push(...columns);
      if (columns.length === 1 || fits([names, ...columns])) {
        return found.push({
          table: { ...block.table, columns: [names, ...columns] },
        });
      }
      // What is too wide by itself is broken where it has to be.
      for (const column of columns) add([column]);
    };
    add(columns);
  }
  return found;
}

/** A table without boxes, its titles in capitals. */
function drawn({ caption, columns, more, joins }: Table, style: Style): string {
  const margin = joins ? 0 : 2;
  const natural = columns.map(widthOf);
  const room = style.columns - margin;
  // The widest columns give way.
  let widest = Math.max(...natural);
  const narrowed = () => natural.map((width) => Math.min(width, widest));
  while (widest > NARROWEST && sumOf(narrowed()) > room) widest--;
  const widths = narrowed();
  const row = (cells: string[][]) => {
    const height = Math.max(...cells.map(({ length }) => length));
    return Array.from(
      { length: height },
      (_, line) =>
        cells.map((lines, index) =>
          padded(lines[line] ?? "", widths[index], columns[index].right)
        ).join(" ".repeat(GAP)).trimEnd(),
    );
  };
  const { paint } = style;
  const text = [
    ...row(columns.map(({ title }, index) => [
      paint("dim", clip(printable(plain(title)).toUpperCase(), widths[index])),
    ])),
    ...columns[0].cells.flatMap((_, index) =>
      row(
        columns.map(({ cells }, column) =>
          cells[index] === undefined
            ? [paint("dim", "–")]
            : linesOf(cells[index], widths[column], style)
        ),
      )
    ),
    ...more > 0 ? [`and ${more} more, all with --json`] : [],
  ].join("\n");
  return joins
    ? text
    : `${paint("bold", styled(caption, style))}\n${indent(text)}`;
}

function padded(text: string, width: number, right = false): string {
  const spaces = " ".repeat(Math.max(0, width - textWidth(text)));
  return right ? spaces + text : text + spaces;
}

const COLORS = { good: "green", bad: "red", strong: "bold" } as const;

function styled(inline: Inline, style: Style): string {
  if (inline === undefined || inline === false) return "";
  if (typeof inline === "string") return printable(inline);
  if (!isMark(inline)) {
    return inline.map((each) => styled(each, style)).join("");
  }
  return painted(styled(inline.of, style), inline.as, style);
}

function painted(text: string, look: Mark["as"], { paint }: Style): string {
  return look in COLORS
    ? paint(COLORS[look as keyof typeof COLORS], text)
    : text;
}

/** In so many columns: a lone name or code is shortened, a sentence broken. */
function linesOf(inline: Inline, width: number, style: Style): string[] {
  const lines = linesIn(inline);
  if (lines.length > 1) {
    return lines.flatMap((line) => linesOf(line, width, style));
  }
  const whole = styled(inline, style);
  if (textWidth(whole) <= width) return [whole];
  if (!isMark(inline)) return wrap(printable(plain(inline)), width);
  return inline.as === "name" || inline.as === "code"
    ? [clipMiddle(whole, width)]
    : linesOf(inline.of, width, style)
      .map((line) => painted(line, inline.as, style));
}

function indent(text: string, spaces = 2): string {
  return text.replace(/^(?=.)/gm, " ".repeat(spaces));
}
