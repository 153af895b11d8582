/**
 * What a report is made of, whoever writes it down: paragraphs, remarks, tables
 * and pictures. A writer knows these, and nothing of images. @module
 */
import type { Markup } from "./markup.ts";

/**
 * A piece of a line. Strings are words and figures of ours; what an image, its
 * Dockerfile or an engine says is marked, so that no writer takes it for more
 * than text.
 */
export type Inline = string | undefined | false | Mark | readonly Inline[];

export interface Mark {
  /** `lines` are below each other. */
  as: Look | "lines";
  of: Inline;
}

/** How a piece is to look. */
export type Look = "name" | "code" | "good" | "bad" | "strong";

const look = (as: Look) => (of: Inline): Mark => ({ as, of });
/** Words of others that read as text, such as the name of a variant. */
export const named = look("name");
/** Words of others that are code: a path, an instruction, a command. */
export const coded = look("code");
export const good = look("good");
export const bad = look("bad");
export const strong = look("strong");
export const lines = (of: readonly Inline[]): Mark => ({ as: "lines", of });

/** Pieces with a comma between two of them. */
export function listed(items: readonly Inline[]): Inline {
  return items.filter(Boolean)
    .map((item, index) => index === 0 ? item : [", ", item]);
}

export function isMark(inline: Inline): inline is Mark {
  return typeof inline === "object" && "as" in inline;
}

/** What stands below each other in a cell; most often one. */
export function linesIn(inline: Inline): Inline[] {
  return isMark(inline) && inline.as === "lines"
    ? [inline.of].flat() as Inline[]
    : [inline];
}

/** The text alone. */
export function plain(inline: Inline): string {
  if (inline === undefined || inline === false) return "";
  if (typeof inline === "string") return inline;
  return isMark(inline) ? plain(inline.of) : inline.map(plain).join("");
}

/** A column of a table that is to be made of items. */
export type ColumnOf<T> = [
  title: Inline,
  cell: (item: T, index: number) => Inline,
  side?: "right",
];

export interface Column {
  title: Inline;
  /** One a row; `undefined` for what was not measured. */
  cells: Inline[];
  /** Figures stand at the right. */
  right: boolean;
}

export interface Table {
  /** Unique in a document. */
  caption: Inline;
  columns: Column[];
  /** Rows that were left out. */
  more: number;
  /** Whether its rows are those of its neighbour, which stands beside it. */
  joins: boolean;
}

/** A line of its own with a word in front; of a failure, what else is known. */
export interface Remark {
  word:
    | "FAIL"
    | "FOUND"
    | "SKIP"
    | "NOTE"
    | "next"
    | "CHECKS"
    | "BUDGET"
    | "IMAGES"
    | "run"
    | "push";
  text: Inline;
  /** What was said of it, in lines. */
  output?: string;
  next?: string;
}

export type Block =
  | { text: Inline }
  | { heading: Inline }
  | { remarks: Remark[] }
  | { table: Table }
  | { terms: [title: Inline, text: Inline][] }
  | { figure: () => Markup };

/**
 * A table with a row for each item, without columns that nobody has measured;
 * none where only names would be left.
 *
 * @param most How many rows are shown.
 * @param all How many there are, where items are but some of them.
 */
export function table<T>(
  caption: Inline,
  items: readonly T[],
  columns: ColumnOf<T>[],
  { most = Infinity, all = items.length, joins = false } = {},
): Block[] {
  const shown = items.slice(0, most);
  const found = columns.map(([title, cell, side]): Column => ({
    title,
    cells: shown.map(cell),
    right: side === "right",
  })).filter(({ cells }) => cells.some((cell) => cell !== undefined));
  const more = all - shown.length;
  return found.length < 2
    ? []
    : [{ table: { caption, columns: found, more, joins } }];
}
