/**
 * Tables for the terminal: clean columns without boxes.
 *
 * @module
 */
import Table from "cli-table3";
import picocolors from "picocolors";

/** How a text for the terminal is to look. */
export interface TerminalStyle {
  /** Columns that a line may take. */
  columns: number;
  colors: ReturnType<typeof picocolors.createColors>;
}

/** The style that options ask for. */
export function terminalStyle(
  options: { columns: number; color: boolean },
): TerminalStyle {
  return {
    columns: options.columns,
    colors: picocolors.createColors(options.color),
  };
}

/** Spaces between two columns. */
export const GAP = 2;

/**
 * Renders a table.
 *
 * @param head Its titles; written in capitals.
 * @param rows Its cells, free of control characters but for colours and newlines.
 * @param aligns Of the columns; `left` for those that are not named.
 * @returns Lines without a newline at the end.
 */
export function table(
  head: string[],
  rows: string[][],
  aligns: ("left" | "right")[],
  { colors }: Pick<TerminalStyle, "colors">,
): string {
  const made = new Table({
    head: head.map((title) =>
      title === "" ? "" : colors.dim(title.toUpperCase())
    ),
    colAligns: head.map((_, index) => aligns[index] ?? "left"),
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    chars: CHARS,
  });
  made.push(...rows);
  return made.toString().split("\n").map((line) => line.trimEnd()).join("\n");
}

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

/** A text with every line moved to the right. */
export function indent(text: string, spaces = 2): string {
  return text.split("\n")
    .map((line) => line === "" ? line : " ".repeat(spaces) + line)
    .join("\n");
}
