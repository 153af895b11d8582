/**
 * The folded parts of the Markdown report: layers, waste, what is in the binary,
 * surface, starts and memory, and what was not measured.
 *
 * @module
 */
import {
  formatBytes,
  formatDuration,
  formatShare,
  printable,
} from "../lib/format.ts";
import { programParts, programs, surfaceRows } from "./surface_rows.ts";
import type { Report, Variant } from "./report_schema.ts";
import { clip } from "./text_width.ts";
import { markdownTable } from "markdown-table";

/** Rows of one table; a comment is no place for a thousand packages. */
const LISTED = 25;

/** Renders the folded parts; those without content are left out. */
export function markdownDetails(report: Report): string[] {
  const parts: [string, (variant: Variant) => string][] = [
    ["Layers", layers],
    ["Waste, and what to change", waste],
    ["Start and memory", measured],
  ];
  return [
    ...parts.map(([title, render]) => {
      const each = report.variants.map((variant) => {
        const content = render(variant);
        return content === "" ? "" : `**${code(variant.name)}**\n\n${content}`;
      }).filter((text) => text !== "");
      return each.length === 0 ? "" : folded(title, each.join("\n\n"));
    }),
    binaries(report),
    surface(report),
    notes(report),
  ];
}

function layers({ layers, sizeBytes }: Variant): string {
  return listed(
    layers,
    ["Size", "Share", "Pull", "Next deploy", "Instruction"],
    (layer) => [
      formatBytes(layer.sizeBytes),
      formatShare(layer.sizeBytes, sizeBytes),
      layer.gzipBytes === undefined ? "–" : formatBytes(layer.gzipBytes),
      layer.pulledAgain === undefined
        ? "–"
        : layer.pulledAgain
        ? "again"
        : layer.shared
        ? "kept, shared"
        : "kept",
      code(layer.instruction),
    ],
    ["r", "r", "r", "l", "l"],
  );
}

function waste({ wasted }: Variant): string {
  return listed(
    wasted,
    ["Bytes", "Path", "Layer", "What happened", "Advice"],
    (item) => [
      formatBytes(item.bytes),
      code(item.path),
      String(item.writtenBy + 1),
      `${item.how} by layer ${item.coveredBy + 1}`,
      code(item.advice, 200),
    ],
    ["r", "l", "r", "l", "l"],
  );
}

function binaries(report: Report): string {
  const each = programs(report).map(({ program, variants }) => {
    const { bytes, runtimeBytes, applicationBytes, deno } = program;
    const version = deno === undefined ? "" : ` ${code(deno)}`;
    const where = variants.map((name) => code(name)).join(", ");
    return [
      `${where}: ${code(program.path)} is ${formatBytes(runtimeBytes)} (${
        formatShare(runtimeBytes, bytes)
      }) the Deno runtime${version} and ${formatBytes(applicationBytes)} (${
        formatShare(applicationBytes, bytes)
      }) the application`,
      listed(
        programParts(program),
        ["Bytes", "Part of the application"],
        (part) => [formatBytes(part.bytes), code(part.name)],
        ["r", "l"],
      ),
    ].filter((text) => text !== "").join("\n\n");
  });
  return each.length === 0
    ? ""
    : folded("What is in the binary", each.join("\n\n"));
}

function measured(variant: Variant): string {
  const { startMs, processStartMs, memoryBytes } = variant;
  const rows: string[][] = [];
  for (
    const [name, found] of [
      ["Start until the first 200", startMs],
      ["Of it the process", processStartMs],
    ] as const
  ) {
    if (found === undefined) continue;
    rows.push([
      name,
      `${formatDuration(found.median)} median, ${
        formatDuration(found.p95)
      } p95 of ${found.runs}`,
    ]);
  }
  if (variant.cpuMs !== undefined) {
    rows.push(["CPU time of the start", formatDuration(variant.cpuMs)]);
  }
  for (
    const [name, bytes] of [
      ["Memory, idle", memoryBytes?.idle],
      ["Memory after a burst", memoryBytes?.loaded],
      ["Memory, peak", memoryBytes?.peak],
      ["Memory floor", variant.memoryFloorBytes],
    ] as const
  ) {
    if (bytes !== undefined) rows.push([name, formatBytes(bytes)]);
  }
  return rows.length === 0 ? "" : mdTable(["Figure", ""], rows, ["l", "r"]);
}

function surface({ variants }: Report): string {
  if (variants.length === 0) return "";
  const rows = surfaceRows(variants).map(({ title, cells }) => [
    title,
    ...cells.map((cell) => cell.named ? code(cell.text, 80) : cell.text),
  ]);
  const head = ["", ...variants.map(({ name }) => code(name, 40))];
  return folded("Surface", mdTable(head, rows, head.map(() => "l")));
}

function notes({ variants }: Report): string {
  const lines = variants.flatMap((variant) =>
    (variant.notes ?? []).map((note) =>
      `- ${code(variant.name)}: ${code(note, 300)}`
    )
  );
  return lines.length === 0
    ? ""
    : folded("What was not measured, and why", lines.join("\n"));
}

/** A table of the first items, and how many are left out. */
function listed<T>(
  items: T[],
  head: string[],
  row: (item: T) => string[],
  align: string[],
): string {
  if (items.length === 0) return "";
  const rest = items.length - LISTED;
  const shown = mdTable(head, items.slice(0, LISTED).map(row), align);
  return rest > 0 ? `${shown}\n\nand ${rest} more` : shown;
}

/** Characters of a code span; longer text makes tables unusable. */
const LONGEST = 120;

/**
 * A code span.
 *
 * @param text Any text; control characters become escapes.
 * @param most Longer text is shortened.
 */
export function code(text: string, most = LONGEST): string {
  const shown = clip(printable(text), most);
  if (shown.trim() === "") return "–";
  const runs = shown.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(0, ...runs.map((run) => run.length)) + 1);
  // A space at both ends is taken off again when it is rendered.
  const pad = /^[` ]|[` ]$/.test(shown) ? " " : "";
  return `${fence}${pad}${shown}${pad}${fence}`;
}

/**
 * A fenced block of several lines.
 *
 * @param text Any text; line ends are kept.
 */
export function block(text: string): string {
  const lines = text.trimEnd().split("\n").map(printable);
  const runs = lines.join("\n").match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(2, ...runs.map((run) => run.length)) + 1);
  return [`${fence}text`, ...lines, fence].join("\n");
}

/**
 * A table.
 *
 * @param head Titles.
 * @param rows Cells: figures, or code spans.
 * @param align As `l` or `r` for each column.
 */
export function mdTable(
  head: string[],
  rows: string[][],
  align: string[],
): string {
  // A bar ends a cell even inside a code span.
  const safe = [head, ...rows].map((row) =>
    row.map((cell) => cell.replaceAll("|", "\\|"))
  );
  return markdownTable(safe, { align, alignDelimiters: true, padding: true });
}

/** A part that is folded until somebody wants it. */
export function folded(summary: string, content: string): string {
  return `<details>\n<summary>${summary}</summary>\n\n${content}\n\n</details>`;
}
