/**
 * What failed, what was skipped and how the budget holds, on the terminal.
 *
 * @module
 */
import { printable } from "../lib/format.ts";
import type { Growth, Report, Verdict } from "./report_schema.ts";
import { CHECK_KINDS } from "./check_kinds.ts";
import {
  changeText,
  checksOf,
  checksWith,
  sameFailures,
  skipped,
  type VariantCheck,
  verdictFigures,
} from "./problems.ts";
import { secretText } from "./surface_rows.ts";
import { GAP, indent, table, type TerminalStyle } from "./table.ts";
import { clip, clipMiddle, textWidth, wrap } from "./text_width.ts";

/** Lines of a failed build's output that are shown. */
const OUTPUT_LINES = 20;

/** Renders builds that failed, with the end of their output. */
export function failures(report: Report, style: TerminalStyle): string {
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
export function checks(report: Report, style: TerminalStyle): string {
  const { colors } = style;
  const failed = checksWith("fail", report).map((check) =>
    [
      `${colors.red("FAIL")}  ${printable(check.variant)}: ${check.kind}: ${
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
export function checkCounts(report: Report, style: TerminalStyle): string {
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
export function budget(verdicts: Verdict[], style: TerminalStyle): string {
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
  const before = head.reduce((sum, title, index) =>
    sum + GAP + Math.max(
      title.length,
      ...cells.map((row) => textWidth(row[index])),
    ), 0);
  const room = style.columns - before;
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
export function growth(found: Growth[], style: TerminalStyle): string {
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
export function notes(report: Report, style: TerminalStyle): string {
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
  return [...byLine].map(([line, { word, names }]) => {
    const where = names.size === report.variants.length
      ? ""
      : `${[...names].join(", ")}: `;
    return told(where + line, word, style);
  }).join("\n");
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
