/**
 * The layers of one image on the terminal: what each holds, and what made it.
 *
 * @module
 */
import { formatBytes, formatShare, printable } from "../lib/format.ts";
import type { Variant } from "./report_schema.ts";
import { GAP, indent, table, type TerminalStyle } from "./table.ts";
import { clip, textWidth } from "./text_width.ts";

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
    ...deployed ? [again(layer.pulledAgain)] : [],
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

function again(pulledAgain: boolean | undefined): string {
  return pulledAgain === undefined ? "–" : pulledAgain ? "again" : "kept";
}
