/**
 * The comparison on the terminal: one table where there is room, otherwise one
 * for size, one for costs, one for what an intruder finds.
 *
 * @module
 */
import { printable } from "../lib/format.ts";
import type { Report, Variant } from "./report_schema.ts";
import {
  alignOf,
  type Figure,
  measuredFigures,
  smallestOf,
  textOf,
} from "./figures.ts";
import { isCheckList } from "./problems.ts";
import { GAP, table, type TerminalStyle } from "./table.ts";
import { clip, clipMiddle, textWidth, wrap } from "./text_width.ts";

/** Columns for a name, if there is room; otherwise a quarter of the terminal. */
const LONGEST = [48, 40, 32, 28, 24];
/** The last column may be broken into lines as narrow as this. */
const NARROWEST = 24;

/** Renders the comparison of all variants; empty when there is none. */
export function comparison(report: Report, style: TerminalStyle): string {
  if (report.variants.length === 0) return "";
  const shortest = Math.floor(style.columns / 4);
  const columns = measuredFigures(report).map((figure) =>
    column(figure, report, shortest, style)
  );
  const arranged = (longest: number) => {
    const names = namesOf(report, longest, style);
    return { names, parts: arrange(columns, style.columns - widthOf(names)) };
  };
  // Names are shortened only where they would cost one more table.
  const least = arranged(shortest);
  const { names, parts } = LONGEST.map(arranged)
    .find(({ parts }) => parts.length === least.parts.length) ?? least;
  return parts.map((part) => draw([names, ...part], style)).join("\n\n");
}

function namesOf(
  report: Report,
  longest: number,
  { colors }: TerminalStyle,
): Column {
  const smallest = smallestOf(report.variants);
  return {
    group: "",
    title: "Variant",
    align: "left",
    cells: report.variants.map((variant) => {
      const text = clipMiddle(printable(variant.name), longest);
      return { text, shown: variant === smallest ? colors.bold(text) : text };
    }),
  };
}

interface Column {
  group: string;
  title: string;
  align: "left" | "right";
  /** `shown` is the text with its colours. */
  cells: { text: string; shown: string }[];
}

function column(
  figure: Figure,
  report: Report,
  longest: number,
  style: TerminalStyle,
): Column {
  return {
    group: figure.group ?? "",
    title: figure.id === "ratio" ? ratioTitle(report) : figure.title,
    align: alignOf(figure),
    cells: report.variants.map((variant) => {
      const text = printable(textOf(figure, variant, report) ?? "–");
      const cell = figure.id === "user" ? clip(text, longest) : text;
      return { text: cell, shown: colored(cell, figure, variant, style) };
    }),
  };
}

/** `vs single-stage`; names that would make the column wide are left out. */
export function ratioTitle({ baseline }: Report): string {
  const name = printable(baseline);
  return textWidth(name) > 16 ? "vs baseline" : `vs ${name}`;
}

function colored(
  text: string,
  { id }: Figure,
  variant: Variant,
  { colors }: TerminalStyle,
): string {
  if (text === "–") return colors.dim(text);
  if (!isCheckList(id)) return text;
  const failed = variant[id]?.some(({ status }) => status === "fail");
  return failed ? colors.red(text) : colors.green(text);
}

/** Joins groups of columns while they fit beside the names. */
function arrange(columns: Column[], room: number): Column[][] {
  const parts: Column[][] = [];
  for (const group of new Set(columns.map(({ group }) => group))) {
    const members = columns.filter((column) => column.group === group);
    const last = parts.at(-1);
    if (last !== undefined && fits([...last, ...members], room)) {
      last.push(...members);
      continue;
    }
    // A group that is too wide by itself is broken where it has to be.
    parts.push([]);
    for (const member of members) {
      const part = parts[parts.length - 1];
      if (part.length === 0 || fits([...part, member], room)) part.push(member);
      else parts.push([member]);
    }
  }
  return parts.filter((part) => part.length > 0);
}

function fits(columns: Column[], room: number): boolean {
  const width = columns.reduce((sum, column, index) => {
    const own = widthOf(column);
    const last = index === columns.length - 1;
    return sum + GAP + (last ? Math.min(own, NARROWEST) : own);
  }, 0);
  return width <= room;
}

function widthOf({ title, cells }: Column): number {
  return Math.max(
    textWidth(title),
    ...cells.map(({ text }) => textWidth(text)),
  );
}

function draw(columns: Column[], style: TerminalStyle): string {
  const before = columns.slice(0, -1)
    .reduce((sum, column) => sum + widthOf(column) + GAP, 0);
  const room = Math.max(NARROWEST, style.columns - before);
  const rows = columns[0].cells.map((_, row) =>
    columns.map(({ cells }, index) => {
      const { text, shown } = cells[row];
      return index < columns.length - 1 || textWidth(text) <= room
        ? shown
        : wrap(text, room).join("\n");
    })
  );
  return table(
    columns.map(({ title }) => title),
    rows,
    columns.map(({ align }) => align),
    style,
  );
}
