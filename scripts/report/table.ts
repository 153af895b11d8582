/**
 * Tables for the terminal, clean columns without boxes; and what all writers say
 * of a column.
 *
 * @module
 */
import Table from "cli-table3";
import picocolors from "picocolors";

/** A column of a table: its title, the cell of an item, `right` for figures. */
export type Column<T, Cell = string> = [
  title: string,
  cell: (item: T, index: number) => Cell,
  side?: "right",
];

/** How a text for the terminal is to look. */
export interface TerminalStyle {
  /** Columns that a line may take. */
  columns: number;
  colors: ReturnType<typeof picocolors.createColors>;
}

export interface TerminalOptions {
  columns: number;
  color: boolean;
}

export function terminalStyle(
  { columns, color }: TerminalOptions,
): TerminalStyle {
  return { columns, colors: picocolors.createColors(color) };
}

/** Spaces between two columns. */
export const GAP = 2;

const CHARS = {
  ...Object.fromEntries(
    [
      ...["top", "top-mid", "top-left", "top-right"],
      ...["bottom", "bottom-mid", "bottom-left", "bottom-right"],
      ...["left", "left-mid", "mid", "mid-mid", "right", "right-mid"],
    ].map((name) => [name, ""]),
  ),
  middle: " ".repeat(GAP),
};

/**
 * A table without a newline at its end, titles in capitals. Cells are free of
 * control characters but for colours and newlines.
 */
export function table<T>(
  items: T[],
  columns: Column<T>[],
  { colors }: TerminalStyle,
): string {
  const made = new Table({
    head: columns.map(([title]) =>
      title === "" ? "" : colors.dim(title.toUpperCase())
    ),
    colAligns: columns.map(([, , side]) => side ?? "left"),
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    chars: CHARS,
  });
  made.push(
    ...items.map((item, index) => columns.map(([, cell]) => cell(item, index))),
  );
  return made.toString().split("\n").map((line) => line.trimEnd()).join("\n");
}

/** The parts that have content, an empty line between two of them. */
export function joined(parts: string[]): string {
  return parts.filter((part) => part !== "").join("\n\n");
}

/** A text with every line moved to the right. */
export function indent(text: string, spaces = 2): string {
  return text.replace(/^(?=.)/gm, " ".repeat(spaces));
}
