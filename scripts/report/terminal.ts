/**
 * The report for the terminal: the comparison first, then where the bytes are,
 * then all that needs attention, closest to where the cursor ends.
 *
 * @module
 */
import { formatBytes, printable } from "../lib/format.ts";
import { CHECK_KINDS, kindTitle } from "./check_kinds.ts";
import {
  comparedFigures,
  failedIn,
  type Figure,
  smallestOf,
  textOf,
  titleOf,
} from "./figures.ts";
import { insight } from "./headline.ts";
import {
  changeText,
  checksOf,
  sameChecks,
  sameFailures,
  skipped,
  type VariantCheck,
  verdictFigures,
} from "./problems.ts";
import type { Report, Variant, Verdict } from "./report_schema.ts";
import {
  layerColumns,
  measured,
  secretsNext,
  secretText,
} from "./shared_rows.ts";
import {
  type Column,
  GAP,
  indent,
  joined,
  table,
  type TerminalOptions,
  type TerminalStyle,
  terminalStyle,
} from "./table.ts";
import { clip, clipMiddle, textWidth, wrap } from "./text_width.ts";
import { images, verdict } from "./verdict.ts";
import { stripVTControlCharacters } from "node:util";

/**
 * Renders a report without control characters but for colours, ending in a
 * newline.
 */
export function terminal(report: Report, options: TerminalOptions): string {
  const style = terminalStyle(options);
  const nothing = report.variants.length + report.failures.length === 0;
  const largest = insight(report, String, String);
  return joined([
    origin(report, style),
    comparison(report, style),
    nothing
      ? "No image was built"
      : wrap(printable(largest.join("")), style.columns).join("\n"),
    ...report.variants.map((variant) => layersTable(variant, style)),
    growth(report, style),
    [...notes(report, style), ...checks(report, style)].join("\n"),
    failures(report, style),
    [...checkCounts(report, style), ...budget(report.budgets, style)]
      .join("\n"),
    whereImagesAre(report, style),
    ending(report, style),
  ]) + "\n";
}

function whereImagesAre(report: Report, { colors }: TerminalStyle): string {
  const found = images(report);
  if (found === undefined) return "";
  const { names, run, push } = found;
  return [
    colors.dim("IMAGES"),
    ...names.map((name) => `  ${printable(name)}`),
    ...run === undefined ? [] : [`run   ${printable(run)}`],
    ...push === undefined ? [] : [`push  ${printable(push)}`],
  ].join("\n");
}

/** The verdict, closest to the prompt. */
function ending(report: Report, { colors, columns }: TerminalStyle): string {
  const result = verdict(report);
  return result === undefined ? "" : wrap(printable(result.text), columns)
    .map(result.holds ? colors.green : colors.red).join("\n");
}

/** Which engine and which bases the figures come from. */
function origin(
  { engine, bases }: Report,
  { columns, colors }: TerminalStyle,
): string {
  const parts: string[] = [];
  if (engine !== undefined) {
    const text = printable(`${engine.name} ${engine.version}`);
    parts.push(`${colors.dim("engine")}  ${text}`);
  }
  if (bases !== undefined) {
    const { source, system, builder, deno } = bases;
    const version = deno === undefined ? "" : `, Deno ${deno}`;
    const text = printable(`${source}: ${system ?? builder}${version}`);
    parts.push(`${colors.dim("bases")}  ${text}`);
  }
  const line = parts.join(" ".repeat(6));
  return textWidth(line) > columns ? parts.join("\n") : line;
}

/** Images may have hundreds of layers; the smallest are summed up beyond this. */
const LISTED = 20;

/** Renders a heading and a table with one line for each layer. */
export function layersTable(variant: Variant, style: TerminalStyle): string {
  const { name, layers, sizeBytes } = variant;
  const heading = `${style.colors.bold(printable(name))}  ${
    formatBytes(sizeBytes)
  } in ${layers.length} ${layers.length === 1 ? "layer" : "layers"}`;
  if (layers.length === 0) return heading;
  const largest = layers.toSorted((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, LISTED);
  const shown = layers.filter((layer) => largest.includes(layer));
  const columns = measured(layers, layerColumns(variant));
  const before = columns.map((column) => widthOf(column, shown) + GAP);
  const room = Math.max(20, style.columns - 2 - sum(before));
  columns.push([
    "Instruction",
    ({ instruction }) =>
      clip(printable(instruction) || "(not in the history)", room),
  ]);
  const hidden = layers.length - shown.length;
  return [
    heading,
    indent(table(shown, columns, style)),
    ...hidden > 0 ? [`  and ${hidden} smaller ones`] : [],
  ].join("\n");
}

/** Columns for a name, if there is room; otherwise a quarter of the terminal. */
const LONGEST = [48, 40, 32, 28, 24];
/** The last column may be broken into lines as narrow as this. */
const NARROWEST = 24;

/** A column of the comparison with its cells, and the width that it takes. */
interface Drawn {
  column: Column<Variant>;
  cells: string[];
  width: number;
}

/**
 * The comparison of all variants: one table where there is room, otherwise one
 * for size, one for costs, one for what an intruder finds.
 */
function comparison(report: Report, style: TerminalStyle): string {
  const { variants } = report;
  if (variants.length === 0) return "";
  const drawn = (column: Column<Variant>): Drawn => ({
    column,
    cells: variants.map(column[1]),
    width: widthOf(column, variants),
  });
  const groups = comparedFigures(report).map(({ figures }) =>
    figures.map((figure) => drawn(figureColumn(figure, report, style)))
  );
  const smallest = smallestOf(variants);
  const arranged = (longest: number) => {
    const names = drawn(["Variant", (variant) => {
      const text = clipMiddle(printable(variant.name), longest);
      return variant === smallest ? style.colors.bold(text) : text;
    }]);
    return { names, parts: arrange(groups, style.columns - names.width) };
  };
  // Names are shortened only where they would cost one more table.
  const least = arranged(Math.floor(style.columns / 4));
  const { names, parts } = LONGEST.map(arranged)
    .find(({ parts }) => parts.length === least.parts.length) ?? least;
  return joined(parts.map((part) => draw([names, ...part], style)));
}

function figureColumn(
  figure: Figure,
  report: Report,
  { columns, colors }: TerminalStyle,
): Column<Variant> {
  return [titleOf(figure, report), (variant) => {
    const text = printable(textOf(figure, variant, report) ?? "–");
    if (text === "–") return colors.dim(text);
    const cell = figure.id === "user"
      ? clip(text, Math.floor(columns / 4))
      : text;
    const failed = failedIn(figure, variant);
    if (failed === undefined) return cell;
    return failed ? colors.red(cell) : colors.green(cell);
  }, figure.value && "right"];
}

/** Joins groups of columns while they fit beside the names. */
function arrange(groups: Drawn[][], room: number): Drawn[][] {
  const fits = (columns: Drawn[]) => {
    const widths = columns.map(({ width }) => width + GAP);
    const last = Math.min(widths.at(-1) ?? 0, NARROWEST + GAP);
    return sum(widths.slice(0, -1)) + last <= room;
  };
  const parts: Drawn[][] = [];
  for (const group of groups) {
    const last = parts.at(-1);
    if (last !== undefined && fits([...last, ...group])) {
      last.push(...group);
      continue;
    }
    // A group that is too wide by itself is broken where it has to be.
    parts.push([]);
    for (const column of group) {
      const part = parts[parts.length - 1];
      if (part.length === 0 || fits([...part, column])) part.push(column);
      else parts.push([column]);
    }
  }
  return parts;
}

function draw(columns: Drawn[], style: TerminalStyle): string {
  const before = sum(columns.slice(0, -1).map(({ width }) => width + GAP));
  const room = Math.max(NARROWEST, style.columns - before);
  return table(
    columns[0].cells,
    columns.map(({ column: [title, , side], cells }, index) => [
      title,
      (_, row) =>
        index < columns.length - 1 || textWidth(cells[row]) <= room
          ? cells[row]
          : wrap(stripVTControlCharacters(cells[row]), room).join("\n"),
      side,
    ]),
    style,
  );
}

/** Lines of a failed build's output that are shown. */
const OUTPUT_LINES = 20;

/** Renders builds that failed, with the end of their output. */
function failures(report: Report, { colors }: TerminalStyle): string {
  return joined(
    sameFailures(report).map(([failure, names]) => {
      const { message, output = "", next } = failure;
      const images = names.map((name) => colors.bold(printable(name)));
      return [
        `${colors.red("FAIL")}  build of ${images.join(", ")}`,
        ...lines(message).map(beneath),
        ...lines(output).slice(-OUTPUT_LINES).map(beneath).map(colors.dim),
        ...next === undefined ? [] : lines(`next: ${next}`).map(beneath),
      ].join("\n");
    }),
  );
}

/** Checks that failed, each with its detail, and what was skipped. */
function checks(report: Report, style: TerminalStyle): string[] {
  const failed = sameChecks(report).flatMap(([check, names]) => [
    `${style.colors.red("FAIL")}  ${printable(names.join(", "))}: ${
      kindTitle(check.kind)
    }: ${printable(check.name)}`,
    ...lines(check.detail ?? "")
      .flatMap((line) => wrap(line, Math.max(20, style.columns - 6)))
      .map(beneath),
  ]);
  const left = skipped(report).map(({ names, reason, variants }) =>
    told("SKIP", [names.join(", "), reason], variants, style)
  );
  return [...failed, ...left];
}

/** How many checks of each kind hold, in one line. */
function checkCounts(report: Report, style: TerminalStyle): string[] {
  const made = report.variants.flatMap(checksOf)
    .filter(({ status }) => status !== "skip");
  if (made.length === 0) return [];
  const passed = (checks: VariantCheck[]) =>
    checks.filter(({ status }) => status === "pass").length;
  const kinds = CHECK_KINDS.flatMap(({ id, title }) => {
    const own = made.filter(({ kind }) => kind === id);
    if (own.length === 0) return [];
    const all = passed(own) === own.length;
    return [`${title} ${all ? own.length : `${passed(own)}/${own.length}`}`];
  });
  const held = `${passed(made)} of ${made.length} hold`;
  return [told("CHECKS", [held, kinds.join(", ")], [], style)];
}

/** Limits that fail, a line each; the others are counted in one. */
function budget(verdicts: Verdict[], style: TerminalStyle): string[] {
  if (verdicts.length === 0) return [];
  const all = (wanted: Verdict["status"]) =>
    verdicts.filter(({ status }) => status === wanted);
  const failed = all("fail");
  const skipped = all("skip").length;
  const summary = `${style.colors.dim("BUDGET")}  ${all("pass").length} of ${
    verdicts.length - skipped
  } limits hold${skipped > 0 ? `, ${skipped} not measured` : ""}`;
  if (failed.length === 0) return [summary];
  const longest = Math.floor(style.columns / 4);
  const columns: Column<Verdict>[] = [
    ["Budget", () => style.colors.red("FAIL")],
    ["Variant", ({ variant }) => clipMiddle(printable(variant), longest)],
    ["Rule", ({ rule }) => printable(rule)],
    ["Actual", (verdict) => verdictFigures(verdict).actual, "right"],
    ["Limit", (verdict) => verdictFigures(verdict).limit, "right"],
  ];
  const before = columns.map((column) => widthOf(column, failed) + GAP);
  const room = style.columns - sum(before);
  // Where there is no room beside the figures, the detail is in the reports.
  columns.push([
    "",
    ({ detail = "" }) => room < 16 ? "" : clip(printable(detail), room),
  ]);
  return [summary, table(failed, columns, style)];
}

/** Renders what grew since an earlier report, and where. */
function growth({ growth = [] }: Report, style: TerminalStyle): string {
  if (growth.length === 0) return "";
  const each = growth.flatMap(({ variant, size, pull, ...why }) => [
    `${style.colors.bold(printable(variant))}  ${changeText(size)}`,
    ...pull ? [`  pull ${changeText(pull)}`] : [],
    ...[...why.layers, ...why.paths, ...why.packages].map((change) => {
      const text = changeText(change);
      const room = Math.max(16, style.columns - textWidth(text) - 4);
      return `  ${clipMiddle(printable(change.name), room)}  ${text}`;
    }),
  ]);
  return [style.colors.dim("SINCE THE EARLIER REPORT"), ...each].join("\n");
}

/**
 * Why something was not measured, and what has no place in an image, one line for
 * all variants it holds for.
 */
function notes({ variants }: Report, style: TerminalStyle): string[] {
  const all = variants.flatMap(
    ({ name, notes = [], secrets = [], surface }) => {
      const found = [...secrets.map(secretText), ...surface.broken ?? []];
      return [
        ...notes.map((line) => ({ name, line, word: "NOTE" })),
        ...found.map((line) => ({ name, line, word: "FOUND" })),
      ];
    },
  );
  const found = [...Map.groupBy(all, ({ line }) => line)].map(
    ([line, same]) => {
      const names = [...new Set(same.map(({ name }) => name))];
      const some = names.length === variants.length ? [] : names;
      return told(same[0].word, [line], some, style);
    },
  );
  const next = secretsNext(variants);
  return next === "" ? found : [...found, told("next", [next], [], style)];
}

/** A word and beside it, broken into lines, a text and the variants it is of. */
function told(
  word: string,
  text: string[],
  variants: string[],
  { columns, colors }: TerminalStyle,
): string {
  const where = variants.length === 0 ? [] : [variants.join(", ")];
  const [first, ...rest] = wrap(
    printable([...where, ...text].join(": ").replaceAll("\n", " ")),
    Math.max(20, columns - word.length - 2),
  );
  const color = word === "FOUND" ? colors.yellow : colors.dim;
  return [
    `${color(word)}  ${first}`,
    ...rest.map((line) => indent(line, word.length + 2)),
  ].join("\n");
}

function beneath(line: string): string {
  return indent(line, 6);
}

function lines(text: string): string[] {
  return text === "" ? [] : text.trimEnd().split("\n").map(printable);
}

function widthOf<T>([title, cell]: Column<T>, items: T[]): number {
  return Math.max(...[title, ...items.map(cell)].map(textWidth));
}

function sum(numbers: number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
