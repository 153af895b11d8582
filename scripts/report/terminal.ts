/**
 * The report for the terminal: the comparison first, then where the bytes are,
 * then all that needs attention, closest to where the cursor ends.
 *
 * @module
 */
import { formatBytes, formatShare, printable } from "../lib/format.ts";
import { comparison } from "./comparison.ts";
import { largestPart } from "./headline.ts";
import type { Report, Variant } from "./report_schema.ts";
import {
  GAP,
  indent,
  table,
  type TerminalStyle,
  terminalStyle,
} from "./table.ts";
import {
  budget,
  checkCounts,
  checks,
  failures,
  growth,
  notes,
} from "./terminal_problems.ts";
import { clip, textWidth, wrap } from "./text_width.ts";
import { images, verdict } from "./verdict.ts";

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
    ...compressed ? [optional(layer.gzipBytes)] : [],
    ...deployed ? [again(layer)] : [],
    printable(layer.instruction) || "(not in the history)",
  ]);
  const head = [
    "Size",
    "Share",
    ...compressed ? ["Pull"] : [],
    ...deployed ? ["Next deploy"] : [],
    "Instruction",
  ];
  const before = head.slice(0, -1).reduce(
    (sum, title, index) =>
      sum + GAP + Math.max(
        title.length,
        ...cells.map((row) => textWidth(row[index])),
      ),
    2,
  );
  const room = Math.max(20, style.columns - before);
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

function optional(bytes: number | undefined): string {
  return bytes === undefined ? "–" : formatBytes(bytes);
}

function again(
  { pulledAgain, shared }: Variant["layers"][number],
): string {
  if (pulledAgain === undefined) return "–";
  return pulledAgain ? "again" : shared ? "kept, shared" : "kept";
}
