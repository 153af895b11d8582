/**
 * The report for the terminal: the comparison first, then where the bytes are,
 * then all that needs attention, closest to where the cursor ends.
 *
 * @module
 */
import { printable } from "../lib/format.ts";
import type { Report } from "./report_schema.ts";
import { comparison } from "./comparison.ts";
import { largestPart } from "./largest_part.ts";
import { type TerminalStyle, terminalStyle } from "./table.ts";
import { layersTable } from "./terminal_layers.ts";
import { textWidth, wrap } from "./text_width.ts";
import { images, verdict } from "./verdict.ts";
import {
  budget,
  checks,
  failures,
  growth,
  notes,
} from "./terminal_problems.ts";

/**
 * Renders a report for the terminal.
 *
 * @param report The report.
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
    budget(report.budgets, style),
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
      `run   ${printable(found.run)}`,
      `push  ${printable(found.push)}`,
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
  const { share, variant, bytes, name, code } = part;
  const yours = code === undefined ? "" : `, ${code} your code`;
  const text = `${share} of ${variant} (${bytes}) is ${name}${yours}`;
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
export function basesText(bases: NonNullable<Report["bases"]>): string {
  const deno = bases.deno === undefined ? "" : `, Deno ${bases.deno}`;
  return printable(`${bases.source}: ${bases.system ?? bases.builder}${deno}`);
}
