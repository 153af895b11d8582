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
} from "../inspect/diff_schema.ts";
import { indent, table, type TerminalStyle, terminalStyle } from "./table.ts";
import { clip, clipMiddle, textWidth } from "./text_width.ts";

/** Lines of each list; the rest is counted. */
const LISTED = 20;

/**
 * Renders a comparison of two images for the terminal.
 *
 * @param diff What differs.
 * @param options `columns` a line may take; `color` for ANSI colours.
 * @returns Text without control characters but for those colours, ending in a
 * newline.
 */
export function diffTerminal(
  diff: ImageDiff,
  options: { columns: number; color: boolean },
): string {
  const style = terminalStyle(options);
  const same = diff.paths.length + diff.config.length + diff.packages.length +
      diff.layers.added.length + diff.layers.removed.length === 0;
  return [
    sides(diff, style),
    same ? "No difference" : sums(diff),
    layers(diff, style),
    directories(diff, style),
    paths(diff, style),
    values("Configuration", diff.config, style),
    values("Packages", diff.packages, style),
  ].filter((part) => part !== "").join("\n\n") + "\n";
}

function sides({ before, after }: ImageDiff, style: TerminalStyle): string {
  const room = Math.max(16, style.columns - 44);
  const row = (name: string, side: ImageDiff["before"]) => [
    name,
    clipMiddle(printable(side.reference), room),
    formatBytes(side.sizeBytes),
    String(side.rootfs.files),
    clip(printable(side.architecture), 10),
  ];
  return table(
    ["", "Image", "Size", "Files", "Platform"],
    [row("before", before), row("after", after)],
    ["left", "left", "right", "right"],
    style,
  );
}

function sums(diff: ImageDiff): string {
  const { before, after, sizeBytes, bytes } = diff;
  const ratio = formatRatio(after.sizeBytes, before.sizeBytes);
  const compared = ratio === "–" || ratio === "same" ? "" : `, ${ratio}`;
  const transferred = diff.layers.added
    .reduce((sum, layer) => sum + layer.sizeBytes, 0);
  return [
    `size ${signed(sizeBytes)}${compared}; files ${signed(bytes)}`,
    `${diff.added} added, ${diff.removed} removed, ${diff.changed} changed`,
    `${diff.layers.shared.length} of ${
      diff.layers.shared.length + diff.layers.added.length
    } layers are shared; ${
      formatBytes(transferred)
    } in new ones have to be transferred`,
  ].join("\n");
}

function layers({ layers }: ImageDiff, style: TerminalStyle): string {
  const row =
    (sign: string) => (layer: ImageDiff["layers"]["added"][number]) => [
      painted(sign, style),
      formatBytes(layer.sizeBytes),
      clip(
        printable(layer.instruction) || "(not in the history)",
        Math.max(20, style.columns - 16),
      ),
    ];
  const rows = [
    ...layers.removed.map(row("-")),
    ...layers.added.map(row("+")),
  ];
  return listed(
    "Layers",
    ["", "Size", "Instruction"],
    rows,
    ["left", "right"],
    style,
  );
}

function directories(diff: ImageDiff, style: TerminalStyle): string {
  const sorted = diff.directories
    .toSorted((a, b) => Math.abs(b.bytes) - Math.abs(a.bytes));
  const rows = sorted.filter(({ bytes }) => bytes !== 0).map((directory) => [
    signed(directory.bytes),
    counts(directory),
    clipMiddle(
      printable(directory.path),
      Math.max(20, style.columns - 36),
    ),
  ]);
  return listed(
    "Folders",
    ["Bytes", "Paths", "Folder"],
    rows,
    ["right"],
    style,
  );
}

function paths(diff: ImageDiff, style: TerminalStyle): string {
  const sorted = diff.paths
    .toSorted((a, b) => Math.abs(b.bytes) - Math.abs(a.bytes));
  const changes = sorted.map(what);
  const beside = Math.max(4, ...changes.slice(0, LISTED).map(textWidth));
  const room = Math.max(20, style.columns - beside - 18);
  const rows = sorted.map((path, index) => [
    painted(SIGNS[path.kind], style),
    signed(path.bytes),
    clipMiddle(printable(path.path), room),
    changes[index],
  ]);
  return listed(
    "Paths",
    ["", "Bytes", "Path", "What"],
    rows,
    ["left", "right"],
    style,
  );
}

const SIGNS = { added: "+", removed: "-", changed: "~" } as const;

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
  const rows = changes.map(({ name, before, after }) => [
    painted(
      before === undefined ? "+" : after === undefined ? "-" : "~",
      style,
    ),
    clip(printable(name), most),
    text(before),
    text(after),
  ]);
  return listed(title, ["", "Name", "Before", "After"], rows, [], style);
}

function listed(
  title: string,
  head: string[],
  rows: string[][],
  aligns: ("left" | "right")[],
  style: TerminalStyle,
): string {
  if (rows.length === 0) return "";
  const more = rows.length - LISTED;
  return [
    style.colors.bold(title),
    indent(table(head, rows.slice(0, LISTED), aligns, style)),
    ...more > 0 ? [`  and ${more} more, all with --json`] : [],
  ].join("\n");
}

function counts(
  { added, removed, changed }: Pick<ImageDiff, "added" | "removed" | "changed">,
): string {
  return [
    [added, "+"] as const,
    [removed, "−"] as const,
    [changed, "~"] as const,
  ].filter(([count]) => count > 0).map(([count, sign]) => `${sign}${count}`)
    .join(" ");
}

function signed(bytes: number): string {
  if (bytes === 0) return "±0 B";
  return `${bytes > 0 ? "+" : "−"}${formatBytes(Math.abs(bytes))}`;
}

function painted(sign: string, style: TerminalStyle): string {
  if (sign === "+") return style.colors.green(sign);
  return sign === "-" ? style.colors.red(sign) : style.colors.yellow(sign);
}
