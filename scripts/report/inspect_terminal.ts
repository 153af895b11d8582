/**
 * One image on the terminal: layers, what fills it, what it wastes, what is in
 * the binary, and what an intruder finds.
 *
 * @module
 */
import type { Program } from "../deno_binary/program_schema.ts";
import { formatBytes, formatShare, printable } from "../lib/format.ts";
import { efficiency, userOf } from "./figures.ts";
import { type FilledNode, filledTree } from "./filled_tree.ts";
import type { Variant } from "./report_schema.ts";
import {
  applicationText,
  HAPPENED,
  programParts,
  secretsNext,
  surfaceRows,
} from "./shared_rows.ts";
import {
  indent,
  joined,
  table,
  type TerminalOptions,
  type TerminalStyle,
  terminalStyle,
} from "./table.ts";
import { layersTable } from "./terminal.ts";
import { clip, clipMiddle, textWidth, wrap } from "./text_width.ts";

/** Lines of each list; the rest is counted. */
const LISTED = 15;
/** Folders within folders that are shown. */
const DEPTH = 3;

/**
 * Renders one image without control characters but for colours, ending in a
 * newline; what was not measured is left out.
 */
export function inspectTerminal(
  variant: Variant,
  options: TerminalOptions,
): string {
  const style = terminalStyle(options);
  return joined([
    facts(variant, style),
    layersTable(variant, style),
    contents(variant, style),
    waste(variant, style),
    variant.program ? program(variant.program, style) : "",
    surface(variant, style),
  ]) + "\n";
}

function facts(variant: Variant, style: TerminalStyle): string {
  const { image, config, rootfs } = variant;
  return pairs([
    ["image", image.reference],
    ["id", image.id],
    ["platform", `linux/${image.architecture}`],
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
  ], style);
}

function contents(variant: Variant, style: TerminalStyle): string {
  const tree = filledTree(variant);
  if (tree.bytes === 0) return "";
  const within = ({ children = [] }: FilledNode, depth: number): Part[] =>
    depth > DEPTH ? [] : children.flatMap((child) => {
      const isFolder = child.children?.[0].kind === "path";
      const shown = printable(child.name) + (isFolder ? "/" : "");
      return [
        { bytes: child.bytes, name: "  ".repeat(depth) + shown },
        ...within(child, depth + 1),
      ];
    });
  const shares = sharesTable("Path", within(tree, 0), tree.bytes, style);
  return section("What fills it", indent(shares), style);
}

function waste({ wasted, layers }: Variant, style: TerminalStyle): string {
  if (wasted.length === 0) return "";
  const room = Math.max(20, style.columns - 13);
  const items = wasted.slice(0, LISTED).map((item) => {
    const bytes = formatBytes(item.bytes).padStart(8);
    const several = item.files === undefined ? "" : ` (${item.files} files)`;
    const instruction = printable(layers[item.coveredBy]?.instruction ?? "");
    const by = instruction === "" ? "" : ` (${clip(instruction, 40)})`;
    const happened = `${HAPPENED[item.how]} by layer ${
      item.coveredBy + 1
    }${by}, written by layer ${item.writtenBy + 1}`;
    return [
      `  ${bytes}  ${clipMiddle(printable(item.path) + several, room)}`,
      ...wrap(happened, room).map((line) => style.colors.dim(indent(line, 12))),
      ...wrap(printable(item.advice), room).map((line) => indent(line, 12)),
    ].join("\n");
  });
  const more = wasted.length - LISTED;
  if (more > 0) items.push(`  and ${more} more`);
  return section("Waste, and what to change", items.join("\n"), style);
}

function program(found: Program, style: TerminalStyle): string {
  const { bytes, deno, v8, runtimePath } = found;
  const versions = [deno, v8 && `V8 ${v8}`].filter(Boolean).join(", ");
  const runtime = `Deno runtime ${versions}`.trimEnd() +
    (runtimePath ? ` in ${runtimePath}` : "");
  const parts = programParts(found);
  const shares = sharesTable(
    "Part",
    [
      { bytes: found.runtimeBytes, name: printable(runtime) },
      {
        bytes: found.applicationBytes,
        name: printable(applicationText(found)),
      },
      ...parts.slice(0, LISTED)
        .map(({ bytes, name }) => ({ bytes, name: `  ${printable(name)}` })),
    ],
    bytes,
    style,
  );
  const more = parts.length - LISTED;
  return section(
    `What is in ${printable(found.path)}`,
    indent(shares + (more > 0 ? `\nand ${more} more` : "")),
    style,
  );
}

function surface(variant: Variant, style: TerminalStyle): string {
  const rows = surfaceRows([variant])
    .map(({ title, cells }): [string, string] => [title, cells[0].text]);
  const names = variant.surface.debianPackages
    .map(({ name, version }) => `${name} ${version}`);
  const more = names.length - LISTED;
  const packages = names.slice(0, LISTED).join(", ");
  const room = { ...style, columns: style.columns - 2 };
  const found = pairs([
    ...rows,
    ["next", secretsNext([variant])],
    ["Packages", more > 0 ? `${packages} and ${more} more` : packages],
  ], room);
  return section("What an intruder finds", indent(found), style);
}

function section(
  title: string,
  content: string,
  { colors }: TerminalStyle,
): string {
  return `${colors.bold(title)}\n${content}`;
}

/** A part of an image; its name is printable. */
interface Part {
  name: string;
  bytes: number;
}

function sharesTable(
  title: string,
  parts: Part[],
  whole: number,
  style: TerminalStyle,
): string {
  const room = Math.max(20, style.columns - 22);
  return table(parts, [
    ["Bytes", ({ bytes }) => formatBytes(bytes), "right"],
    ["Share", ({ bytes }) => formatShare(bytes, whole), "right"],
    [title, ({ name }) => clipMiddle(name, room)],
  ], style);
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
