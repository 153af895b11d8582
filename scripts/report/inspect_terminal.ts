/**
 * One image on the terminal: layers, what fills it, what it wastes, what is in
 * the binary, and what an intruder finds.
 *
 * @module
 */
import { formatBytes, formatShare, printable } from "../lib/format.ts";
import type { Variant } from "./report_schema.ts";
import type { Surface } from "../inspect/inspect_schema.ts";
import type { Program } from "../deno_binary/program_schema.ts";
import { efficiency, userOf } from "./figures.ts";
import { type FilledNode, filledTree } from "./filled_tree.ts";
import {
  applicationText,
  HAPPENED,
  programParts,
  secretsNext,
  surfaceRows,
} from "./shared_rows.ts";
import { indent, table, type TerminalStyle, terminalStyle } from "./table.ts";
import { layersTable } from "./terminal.ts";
import { clip, clipMiddle, textWidth, wrap } from "./text_width.ts";

/** Lines of each list; the rest is counted. */
const LISTED = 15;
/** Folders within folders that are shown. */
const DEPTH = 3;

/**
 * Renders one image for the terminal.
 *
 * @param variant The image; what was not measured is left out.
 * @param options `columns` a line may take; `color` for ANSI colours.
 * @returns Text without control characters but for those colours, ending in a
 * newline.
 */
export function inspectTerminal(
  variant: Variant,
  options: { columns: number; color: boolean },
): string {
  const style = terminalStyle(options);
  return [
    facts(variant, style),
    layersTable(variant, style),
    contents(variant, style),
    waste(variant, style),
    variant.program ? program(variant.program, style) : "",
    surface(variant, style),
  ].filter((part) => part !== "").join("\n\n") + "\n";
}

function facts(variant: Variant, style: TerminalStyle): string {
  const { image, config, rootfs } = variant;
  const rows: [string, string][] = [
    ["image", image.reference],
    ["id", image.id],
    ["platform", image.architecture],
    ["user", userOf(variant)],
    ["entrypoint", quoted(config.entrypoint)],
    ["command", quoted(config.cmd)],
    ["ports", config.exposedPorts.join(", ")],
    ["env", config.env.join(", ")],
    ["files", `${rootfs.files} with ${formatBytes(rootfs.bytes)}`],
    [
      "efficiency",
      `${efficiency(variant)}, ${formatBytes(variant.wasteBytes)} wasted`,
    ],
  ];
  return pairs(rows, style);
}

function contents(variant: Variant, style: TerminalStyle): string {
  const tree = filledTree(variant);
  if (tree.bytes === 0) return "";
  const rows: string[][] = [];
  const visit = (node: FilledNode, depth: number) => {
    if (depth > DEPTH) return;
    for (const child of node.children ?? []) {
      const name = "  ".repeat(depth) + printable(child.name) +
        (child.children?.[0].kind === "path" ? "/" : "");
      rows.push([
        formatBytes(child.bytes),
        formatShare(child.bytes, tree.bytes),
        clipMiddle(name, Math.max(20, style.columns - 22)),
      ]);
      visit(child, depth + 1);
    }
  };
  visit(tree, 0);
  return section(
    "What fills it",
    table(["Bytes", "Share", "Path"], rows, ["right", "right"], style),
    style,
  );
}

function waste({ wasted, layers }: Variant, style: TerminalStyle): string {
  if (wasted.length === 0) return "";
  const room = Math.max(20, style.columns - 13);
  const items = wasted.slice(0, LISTED).map((item) => {
    const bytes = formatBytes(item.bytes).padStart(8);
    const several = item.files === undefined ? "" : ` (${item.files} files)`;
    const by = instructionOf(layers, item.coveredBy);
    return [
      `  ${bytes}  ${clipMiddle(printable(item.path) + several, room)}`,
      ...wrap(
        `${HAPPENED[item.how]} by layer ${
          item.coveredBy + 1
        }${by}, written by layer ${item.writtenBy + 1}`,
        room,
      ).map((line) => style.colors.dim(indent(line, 12))),
      ...wrap(printable(item.advice), room).map((line) => indent(line, 12)),
    ].join("\n");
  });
  const more = wasted.length - LISTED;
  return section(
    "Waste, and what to change",
    [...items, ...more > 0 ? [`  and ${more} more`] : []].join("\n"),
    style,
    0,
  );
}

function instructionOf(layers: Variant["layers"], index: number): string {
  const instruction = layers[index]?.instruction ?? "";
  return instruction === "" ? "" : ` (${clip(printable(instruction), 40)})`;
}

function program(found: Program, style: TerminalStyle): string {
  const { bytes, runtimeBytes, applicationBytes, deno, v8 } = found;
  const share = (part: number) => [
    formatBytes(part),
    formatShare(part, bytes),
  ];
  const versions = [deno, v8 && `V8 ${v8}`].filter(Boolean).join(", ");
  const parts = programParts(found);
  const more = parts.length - LISTED;
  const room = Math.max(20, style.columns - 22);
  const rows = [
    [
      ...share(runtimeBytes),
      `Deno runtime ${versions}`.trimEnd() +
      (found.runtimePath ? ` in ${found.runtimePath}` : ""),
    ],
    [...share(applicationBytes), applicationText(found)],
    ...parts.slice(0, LISTED).map((part) => [
      ...share(part.bytes),
      `  ${part.name}`,
    ]),
  ].map((
    [size, part, name],
  ) => [size, part, clipMiddle(printable(name), room)]);
  return section(
    `What is in ${printable(found.path)}`,
    table(["Bytes", "Share", "Part"], rows, ["right", "right"], style) +
      (more > 0 ? `\nand ${more} more` : ""),
    style,
  );
}

function surface(variant: Variant, style: TerminalStyle): string {
  const rows = surfaceRows([variant]).map(({ title, cells: [cell] }) =>
    [title, cell.text] as [string, string]
  );
  const next = secretsNext([variant]);
  return section(
    "What an intruder finds",
    pairs([
      ...rows,
      ...next ? [["next", next] as [string, string]] : [],
      ...packages(variant.surface),
    ], {
      ...style,
      columns: style.columns - 2,
    }),
    style,
  );
}

function packages({ debianPackages }: Surface): [string, string][] {
  if (debianPackages.length === 0) return [];
  const names = debianPackages.map(({ name, version }) => `${name} ${version}`);
  const more = names.length - LISTED;
  const shown = names.slice(0, LISTED).join(", ");
  return [["Packages", more > 0 ? `${shown} and ${more} more` : shown]];
}

function section(
  title: string,
  content: string,
  { colors }: TerminalStyle,
  spaces = 2,
): string {
  return `${colors.bold(title)}\n${indent(content, spaces)}`;
}

/** Names and values, one below the other; empty values are left out. */
function pairs(rows: [string, string][], style: TerminalStyle): string {
  const filled = rows.filter(([, value]) => value !== "");
  const width = Math.max(0, ...filled.map(([name]) => textWidth(name))) + 2;
  const room = Math.max(20, style.columns - width);
  return filled.map(([name, value]) => {
    const [first, ...rest] = wrap(printable(value), room);
    return [
      style.colors.dim(name.padEnd(width)) + first,
      ...rest.map((line) => indent(line, width)),
    ].join("\n");
  }).join("\n");
}

function quoted(words: string[]): string {
  return words.length === 0 ? "" : JSON.stringify(words);
}
