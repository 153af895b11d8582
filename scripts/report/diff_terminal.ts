/**
 * What differs between two images, on the terminal: sums first, then where, then
 * what exactly, as far as a screen is patient.
 *
 * @module
 */
import { formatBytes, formatRatio, printable } from "../lib/format.ts";
import type {
  ImageDiff,
  PathChange,
  ValueChange,
} from "../inspect/diff_images.ts";
import {
  type Column,
  indent,
  joined,
  table,
  type TerminalOptions,
  type TerminalStyle,
  terminalStyle,
} from "./table.ts";
import { clip, clipMiddle, textWidth } from "./text_width.ts";

/** Lines of each list; the rest is counted. */
const LISTED = 20;

/**
 * Renders a comparison of two images without control characters but for colours,
 * ending in a newline.
 */
export function diffTerminal(
  diff: ImageDiff,
  options: TerminalOptions,
): string {
  const style = terminalStyle(options);
  const same = diff.paths.length + diff.config.length + diff.packages.length +
      diff.layers.added.length + diff.layers.removed.length === 0;
  return joined([
    sides(diff, style),
    same ? "No difference" : sums(diff),
    layers(diff, style),
    directories(diff, style),
    paths(diff, style),
    values("Configuration", diff.config, style),
    values("Packages", diff.packages, style),
  ]) + "\n";
}

function sides({ before, after }: ImageDiff, style: TerminalStyle): string {
  const room = Math.max(16, style.columns - 44);
  return table([before, after], [
    ["", (_, index) => index === 0 ? "before" : "after"],
    ["Image", (side) => clipMiddle(printable(side.reference), room)],
    ["Size", (side) => formatBytes(side.sizeBytes), "right"],
    ["Files", (side) => String(side.rootfs.files), "right"],
    ["Platform", (side) => clip(printable(side.architecture), 10)],
  ], style);
}

function sums(diff: ImageDiff): string {
  const { before, after, sizeBytes, bytes } = diff;
  const { shared, added } = diff.layers;
  const ratio = formatRatio(after.sizeBytes, before.sizeBytes);
  const compared = ratio === "–" || ratio === "same" ? "" : `, ${ratio}`;
  const transferred = added.reduce((sum, layer) => sum + layer.sizeBytes, 0);
  return [
    `size ${signed(sizeBytes)}${compared}; files ${signed(bytes)}`,
    `${diff.added} added, ${diff.removed} removed, ${diff.changed} changed`,
    `${shared.length} of ${shared.length + added.length} layers are shared; ${
      formatBytes(transferred)
    } in new ones have to be transferred`,
  ].join("\n");
}

function layers({ layers }: ImageDiff, style: TerminalStyle): string {
  const { removed, added } = layers;
  const room = Math.max(20, style.columns - 16);
  return listed("Layers", [...removed, ...added], [
    ["", (_, index) => painted(index < removed.length ? "-" : "+", style)],
    ["Size", (layer) => formatBytes(layer.sizeBytes), "right"],
    [
      "Instruction",
      ({ instruction }) =>
        clip(printable(instruction) || "(not in the history)", room),
    ],
  ], style);
}

function directories(diff: ImageDiff, style: TerminalStyle): string {
  const room = Math.max(20, style.columns - 36);
  const changed = largestFirst(diff.directories)
    .filter(({ bytes }) => bytes !== 0);
  return listed("Folders", changed, [
    ["Bytes", ({ bytes }) => signed(bytes), "right"],
    [
      "Paths",
      ({ added, removed, changed }) =>
        Object.entries({ "+": added, "−": removed, "~": changed })
          .filter(([, count]) => count > 0).map((part) => part.join(""))
          .join(" "),
    ],
    ["Folder", ({ path }) => clipMiddle(printable(path), room)],
  ], style);
}

const SIGNS = { added: "+", removed: "-", changed: "~" } as const;

function paths(diff: ImageDiff, style: TerminalStyle): string {
  const sorted = largestFirst(diff.paths);
  const widths = sorted.slice(0, LISTED).map((path) => textWidth(what(path)));
  const room = Math.max(20, style.columns - Math.max(4, ...widths) - 18);
  return listed("Paths", sorted, [
    ["", ({ kind }) => painted(SIGNS[kind], style)],
    ["Bytes", ({ bytes }) => signed(bytes), "right"],
    ["Path", ({ path }) => clipMiddle(printable(path), room)],
    ["What", what],
  ], style);
}

function largestFirst<T extends { bytes: number }>(items: T[]): T[] {
  return items.toSorted((a, b) => Math.abs(b.bytes) - Math.abs(a.bytes));
}

/** What changed at a path, with both values where they are short. */
function what({ changes, before, after }: PathChange): string {
  return changes.map((change) => {
    if (before === undefined || after === undefined) return change;
    switch (change) {
      case "mode":
        return `mode ${before.mode.toString(8)} → ${after.mode.toString(8)}`;
      case "owner":
        return `owner ${before.uid}:${before.gid} → ${after.uid}:${after.gid}`;
      case "type":
        return `${before.type} → ${after.type}`;
      case "link":
        return `link → ${clip(printable(after.link ?? ""), 20)}`;
      default:
        return change;
    }
  }).join(", ");
}

function values(
  title: string,
  changes: ValueChange[],
  style: TerminalStyle,
): string {
  const most = Math.max(12, Math.floor((style.columns - 14) / 3));
  const text = (value: string | undefined) =>
    value === undefined ? "–" : clip(printable(value), most);
  return listed(title, changes, [
    ["", ({ before, after }) =>
      painted(
        before === undefined ? "+" : after === undefined ? "-" : "~",
        style,
      )],
    ["Name", ({ name }) => clip(printable(name), most)],
    ["Before", ({ before }) => text(before)],
    ["After", ({ after }) => text(after)],
  ], style);
}

function listed<T>(
  title: string,
  items: T[],
  columns: Column<T>[],
  style: TerminalStyle,
): string {
  if (items.length === 0) return "";
  const more = items.length - LISTED;
  return [
    style.colors.bold(title),
    indent(table(items.slice(0, LISTED), columns, style)),
    ...more > 0 ? [`  and ${more} more, all with --json`] : [],
  ].join("\n");
}

function signed(bytes: number): string {
  if (bytes === 0) return "±0 B";
  return `${bytes > 0 ? "+" : "−"}${formatBytes(Math.abs(bytes))}`;
}

function painted(sign: "+" | "-" | "~", { colors }: TerminalStyle): string {
  if (sign === "+") return colors.green(sign);
  return sign === "-" ? colors.red(sign) : colors.yellow(sign);
}
