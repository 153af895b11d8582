/**
 * The report for the terminal: the comparison first, then where the bytes are,
 * then all that needs attention, closest to where the cursor ends.
 *
 * @module
 */
import { formatBytes, formatShare, printable } from "../lib/format.ts";
import { largestPart } from "./headline.ts";
import type { Growth, Report, Variant, Verdict } from "./report_schema.ts";
import {
  GAP,
  indent,
  table,
  type TerminalStyle,
  terminalStyle,
} from "./table.ts";
import { clip, clipMiddle, textWidth, wrap } from "./text_width.ts";
import { images, verdict } from "./verdict.ts";
import {
  comparedFigures,
  failedIn,
  type Figure,
  isNumber,
  smallestOf,
  textOf,
  titleOf,
} from "./figures.ts";
import {
  changeText,
  checksOf,
  sameChecks,
  sameFailures,
  skipped,
  type VariantCheck,
  verdictFigures,
} from "./problems.ts";
import { CHECK_KINDS } from "./check_kinds.ts";
import {
  bytesText,
  nextDeployText,
  secretsNext,
  secretText,
} from "./shared_rows.ts";

/**
 * Renders a report for the terminal.
 *
 * @param options `columns` a line may take; `color` for ANSI colours.
 * @returns Text without control characters but for those colours, ending in a
 * newline.
 */
export function terminal(
  report: Report,
  options: { columns: number; color: boolean },
): string {
  const style = terminalStyle(options);
  const nothing = report.variants.length + report.failures.length === 0;
  return [
    origin(report, style),
    comparison(report, style),
    nothing ? "No image was built" : insight(report, style),
    ...report.variants.map((variant) => layersTable(variant, style)),
    growth(report.growth ?? [], style),
    [notes(report, style), checks(report, style)].filter(Boolean).join("\n"),
    failures(report, style),
    [checkCounts(report, style), budget(report.budgets, style)]
      .filter(Boolean).join("\n"),
    ending(report, style),
  ].filter((part) => part !== "").join("\n\n") + "\n";
}

/** Where the images are, and the verdict, closest to the prompt. */
function ending(report: Report, { colors, columns }: TerminalStyle): string {
  const found = images(report);
  const result = verdict(report);
  return [
    ...found === undefined ? [] : [
      colors.dim("IMAGES"),
      ...found.names.map((name) => `  ${printable(name)}`),
      ...found.run === undefined ? [] : [
        `run   ${printable(found.run)}`,
        `push  ${printable(found.push ?? "")}`,
      ],
    ],
    ...result === undefined ? [] : [
      ...found === undefined ? [] : [""],
      ...wrap(printable(result.text), columns)
        .map(result.holds ? colors.green : colors.red),
    ],
  ].join("\n");
}

/** Where the largest part of the smallest image goes. */
function insight(report: Report, { columns }: TerminalStyle): string {
  const part = largestPart(report);
  if (part === undefined) return "";
  const { share, variant, bytes, name, others } = part;
  const text = [`${share} of ${variant} (${bytes}) is ${name}`, ...others]
    .join(", ");
  return wrap(printable(text), columns).join("\n");
}

/** Which engine and which bases the figures come from. */
function origin(
  { engine, bases }: Report,
  { columns, colors }: TerminalStyle,
): string {
  const parts: [string, string][] = [];
  if (engine !== undefined) {
    parts.push(["engine", printable(`${engine.name} ${engine.version}`)]);
  }
  if (bases !== undefined) parts.push(["bases", basesText(bases)]);
  const width = parts.reduce(
    (sum, [word, text]) => sum + textWidth(word) + 2 + textWidth(text),
    SPACE.length * (parts.length - 1),
  );
  return parts.map(([word, text]) => `${colors.dim(word)}  ${text}`)
    .join(width > columns ? "\n" : SPACE);
}

const SPACE = " ".repeat(6);

/** The bases in a few words: `packages: Debian trixie, Deno 2.6.10`. */
function basesText(bases: NonNullable<Report["bases"]>): string {
  const deno = bases.deno === undefined ? "" : `, Deno ${bases.deno}`;
  return printable(`${bases.source}: ${bases.system ?? bases.builder}${deno}`);
}

/** Images may have hundreds of layers; the smallest are summed up beyond this. */
const LISTED = 20;

/** Renders a heading and a table with one line for each layer. */
export function layersTable(variant: Variant, style: TerminalStyle): string {
  const { layers, sizeBytes } = variant;
  const count = `${layers.length} ${layers.length === 1 ? "layer" : "layers"}`;
  const heading = `${style.colors.bold(printable(variant.name))}  ${
    formatBytes(sizeBytes)
  } in ${count}`;
  if (layers.length === 0) return heading;

  const least = layers.map((layer) => layer.sizeBytes)
    .sort((a, b) => b - a)[LISTED - 1] ?? 0;
  const shown = layers.length <= LISTED
    ? layers
    : layers.filter((layer) => layer.sizeBytes >= least).slice(0, LISTED);
  const compressed = layers.some((layer) => layer.gzipBytes !== undefined);
  const deployed = layers.some((layer) => layer.pulledAgain !== undefined);
  const cells = shown.map((layer) => [
    formatBytes(layer.sizeBytes),
    formatShare(layer.sizeBytes, sizeBytes),
    ...compressed ? [bytesText(layer.gzipBytes)] : [],
    ...deployed ? [nextDeployText(layer)] : [],
    printable(layer.instruction) || "(not in the history)",
  ]);
  const head = [
    "Size",
    "Share",
    ...compressed ? ["Pull"] : [],
    ...deployed ? ["Next deploy"] : [],
    "Instruction",
  ];
  const room = Math.max(20, style.columns - 2 - widthBefore(head, cells));
  const rows = cells.map((row) => [
    ...row.slice(0, -1),
    clip(row[row.length - 1], room),
  ]);
  const aligns = head.map((title) =>
    ["Size", "Share", "Pull"].includes(title)
      ? "right" as const
      : "left" as const
  );
  const hidden = layers.length - shown.length;
  return [
    heading,
    indent(table(head, rows, aligns, style)),
    ...hidden > 0 ? [`  and ${hidden} smaller ones`] : [],
  ].join("\n");
}

/** Columns for a name, if there is room; otherwise a quarter of the terminal. */
const LONGEST = [48, 40, 32, 28, 24];
/** The last column may be broken into lines as narrow as this. */
const NARROWEST = 24;

/**
 * The comparison of all variants: one table where there is room, otherwise one
 * for size, one for costs, one for what an intruder finds.
 */
function comparison(report: Report, style: TerminalStyle): string {
  if (report.variants.length === 0) return "";
  const shortest = Math.floor(style.columns / 4);
  const columns = comparedFigures(report).flatMap(([, figures]) =>
    figures.map((figure) => column(figure, report, shortest, style))
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
    title: titleOf(figure, report),
    align: isNumber(figure) ? "right" : "left",
    cells: report.variants.map((variant) => {
      const text = printable(textOf(figure, variant, report) ?? "–");
      const cell = figure.id === "user" ? clip(text, longest) : text;
      const failed = failedIn(figure, variant);
      const color = text === "–"
        ? style.colors.dim
        : failed === undefined
        ? String
        : failed
        ? style.colors.red
        : style.colors.green;
      return { text: cell, shown: color(cell) };
    }),
  };
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

/** Lines of a failed build's output that are shown. */
const OUTPUT_LINES = 20;

/** Renders builds that failed, with the end of their output. */
function failures(report: Report, style: TerminalStyle): string {
  const { colors } = style;
  return sameFailures(report).map(([failure, names]) => {
    const heading = `${colors.red("FAIL")}  build of ${
      names.map((name) => colors.bold(printable(name))).join(", ")
    }`;
    const output = lines(failure.output ?? "").slice(-OUTPUT_LINES);
    return [
      heading,
      ...lines(failure.message).map((line) => indent(line, 6)),
      ...output.map((line) => colors.dim(indent(line, 6))),
      ...failure.next === undefined
        ? []
        : lines(`next: ${failure.next}`).map((line) => indent(line, 6)),
    ].join("\n");
  }).join("\n\n");
}

/** Renders checks that failed, each with its detail, and what was skipped. */
function checks(report: Report, style: TerminalStyle): string {
  const { colors } = style;
  const failed = sameChecks(report).map(([check, names]) =>
    [
      `${colors.red("FAIL")}  ${printable(names.join(", "))}: ${check.kind}: ${
        printable(check.name)
      }`,
      ...lines(check.detail ?? "")
        .flatMap((line) => wrap(line, Math.max(20, style.columns - 6)))
        .map((line) => indent(line, 6)),
    ].join("\n")
  );
  const left = skipped(report).map(({ names, reason, variants }) => {
    const where = variants.length === 0 ? "" : `${variants.join(", ")}: `;
    return told(
      `${where}${names.join(", ")}: ${reason}`,
      "SKIP",
      style,
    );
  });
  return [...failed, ...left].join("\n");
}

/** Renders how many checks of each kind hold, in one line. */
function checkCounts(report: Report, style: TerminalStyle): string {
  const made = report.variants.flatMap(checksOf)
    .filter(({ status }) => status !== "skip");
  if (made.length === 0) return "";
  const passed = (checks: VariantCheck[]) =>
    checks.filter(({ status }) => status === "pass").length;
  const kinds = CHECK_KINDS.flatMap(({ id, title }) => {
    const own = made.filter(({ kind }) => kind === id);
    if (own.length === 0) return [];
    const all = passed(own) === own.length;
    return [`${title} ${all ? own.length : `${passed(own)}/${own.length}`}`];
  });
  return told(
    `${passed(made)} of ${made.length} hold: ${kinds.join(", ")}`,
    "CHECKS",
    style,
  );
}

/** Renders the limits that fail, a line each; the others are counted in one. */
function budget(verdicts: Verdict[], style: TerminalStyle): string {
  if (verdicts.length === 0) return "";
  const failed = verdicts.filter(({ status }) => status === "fail");
  const count = (status: Verdict["status"]) =>
    verdicts.filter((verdict) => verdict.status === status).length;
  const skipped = count("skip");
  const summary = `${style.colors.dim("BUDGET")}  ${count("pass")} of ${
    verdicts.length - skipped
  } limits hold${skipped > 0 ? `, ${skipped} not measured` : ""}`;
  if (failed.length === 0) return summary;
  const longest = Math.floor(style.columns / 4);
  const cells = failed.map((verdict) => {
    const { actual, limit } = verdictFigures(verdict);
    return [
      verdict.status.toUpperCase(),
      clipMiddle(printable(verdict.variant), longest),
      printable(verdict.rule),
      actual,
      limit,
      printable(verdict.detail ?? ""),
    ];
  });
  const head = ["Budget", "Variant", "Rule", "Actual", "Limit"];
  const room = style.columns - widthBefore([...head, ""], cells);
  const rows = cells.map(([status, ...rest]) => [
    colored(status, style),
    ...rest.slice(0, -1),
    // Where there is no room beside the figures, the detail is in the reports.
    room < 16 ? "" : clip(rest[rest.length - 1], room),
  ]);
  const aligns = ["left", "left", "left", "right", "right"] as const;
  return `${summary}\n${table([...head, ""], rows, [...aligns], style)}`;
}

/** Renders what grew since an earlier report, and where. */
function growth(found: Growth[], style: TerminalStyle): string {
  if (found.length === 0) return "";
  const each = found.map((variant) =>
    [
      `${style.colors.bold(printable(variant.variant))}  ${
        changeText(variant.size)
      }`,
      ...variant.pull ? [`  pull ${changeText(variant.pull)}`] : [],
      ...[...variant.layers, ...variant.paths, ...variant.packages].map(
        (change) => {
          const text = changeText(change);
          const room = Math.max(16, style.columns - textWidth(text) - 4);
          return `  ${clipMiddle(printable(change.name), room)}  ${text}`;
        },
      ),
    ].join("\n")
  );
  return [style.colors.dim("SINCE THE EARLIER REPORT"), ...each].join("\n");
}

/**
 * Renders why something was not measured, and what has no place in an image, one
 * line for all variants it holds for.
 */
function notes(report: Report, style: TerminalStyle): string {
  const byLine = new Map<string, { word: string; names: Set<string> }>();
  const add = (name: string, word: string, line: string) => {
    const known = byLine.get(line) ?? { word, names: new Set() };
    byLine.set(line, known);
    known.names.add(name);
  };
  for (const { name, notes, secrets, surface } of report.variants) {
    notes?.forEach((note) => add(name, "NOTE", note));
    secrets?.forEach((secret) => add(name, "FOUND", secretText(secret)));
    surface.broken?.forEach((text) => add(name, "FOUND", text));
  }
  const found = [...byLine].map(([line, { word, names }]) => {
    const where = names.size === report.variants.length
      ? ""
      : `${[...names].join(", ")}: `;
    return told(where + line, word, style);
  });
  const next = secretsNext(report.variants);
  if (next !== "") found.push(told(next, "next", style));
  return found.join("\n");
}

/** A word and a text beside it, broken into lines. */
function told(text: string, word: string, style: TerminalStyle): string {
  const [first, ...rest] = wrap(
    printable(text.replaceAll("\n", " ")),
    Math.max(20, style.columns - word.length - 2),
  );
  return [
    `${colored(word, style)}  ${first}`,
    ...rest.map((line) => indent(line, word.length + 2)),
  ].join("\n");
}

function colored(word: string, { colors }: TerminalStyle): string {
  if (word === "PASS") return colors.green(word);
  if (word === "FOUND") return colors.yellow(word);
  return word === "FAIL" ? colors.red(word) : colors.dim(word);
}

function lines(text: string): string[] {
  return text === "" ? [] : text.trimEnd().split("\n").map(printable);
}

/** Columns that a table takes before its last one. */
function widthBefore(head: string[], cells: string[][]): number {
  return head.slice(0, -1).reduce((sum, title, index) => {
    const widths = [title, ...cells.map((row) => row[index])].map(textWidth);
    return sum + GAP + Math.max(...widths);
  }, 0);
}
