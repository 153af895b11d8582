/**
 * The pictures of the HTML report: sizes, layers, starts and memory of all
 * variants, and what fills each. Each is drawn twice, for wide and for narrow
 * pages: text that shrinks with a picture cannot be read. @module
 */
import {
  formatBytes,
  formatDuration,
  formatShare,
  printable,
} from "../lib/format.ts";
import { filledLeaves, type FilledNode, filledTree } from "./filled_tree.ts";
import { type Markup, markup, NOTHING, type Value } from "./markup.ts";
import type { Distribution, Layer, Report, Variant } from "./report_schema.ts";
// @ts-types="npm:@types/d3-hierarchy@^3.1.7"
import {
  hierarchy,
  type HierarchyRectangularNode,
  treemap,
} from "d3-hierarchy";

/** Widths that pictures are drawn for, in CSS pixels. */
const WIDTHS = { wide: 800, narrow: 340 } as const;

interface Drawing {
  content: Value;
  /** CSS pixels. */
  height: number;
}

/** A figure, with a label that tells what a person who cannot see it has to know. */
export function figure(
  label: string,
  caption: Value,
  draw: (width: number) => Drawing,
): Markup {
  const pictures = Object.entries(WIDTHS).map(([name, width]) => {
    const { content, height } = draw(width);
    return markup`<svg class="${name}" role="img" aria-label="${label}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">${content}</svg>
`;
  });
  return markup`<figure>
${pictures}<figcaption>${caption}</figcaption>
</figure>
`;
}

/** A filled box with a tooltip; its class gives the colour. */
function box(
  x: number,
  y: number,
  width: number,
  height: number,
  kind: string,
  title: string,
): Markup {
  return markup`<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}"><title>${title}</title></rect>`;
}

function label(x: number, y: number, text: Value, kind = ""): Markup {
  const style = kind && markup` class="${kind}"`;
  return markup`<text x="${x}" y="${y}"${style}>${text}</text>`;
}

/** Width of a character at 13 pixels, on average; a little too much rather. */
const CHARACTER = 7.1;
/** The same for names, which are bold and larger. */
const NAME_CHARACTER = 8.8;

/**
 * As much of a text as fits, with an ellipsis; nothing when less than three
 * characters would be left. A character of another size than 13 has other pixels.
 */
export function fitted(
  text: string,
  width: number,
  character = CHARACTER,
): string {
  const room = Math.floor(width / character);
  const characters = [...text];
  if (characters.length <= room) return text;
  return room < 4 ? "" : `${characters.slice(0, room - 1).join("")}…`;
}

/** Room for the name of a variant, above what is drawn for it. */
const NAME = 24;

/** Below each other, the variants with their names and what is drawn for each. */
function stacked(
  variants: Variant[],
  width: number,
  gap: number,
  draw: (variant: Variant) => Drawing,
): Drawing {
  let height = -gap;
  const content = variants.map((variant) => {
    const drawn = draw(variant);
    const name = fitted(printable(variant.name), width, NAME_CHARACTER);
    const top = height + gap + NAME;
    height = top + drawn.height;
    return markup`<g transform="translate(0 ${top})">${
      label(0, -9, name, "name")
    }${drawn.content}</g>`;
  });
  return { content, height: Math.max(0, height) };
}

/** What is drawn of a variant; the class gives its colour. */
interface Kind<T> {
  name: string;
  kind: string;
  of(variant: Variant): T | undefined;
}

const SIZES: Kind<number>[] = [
  { name: "size", kind: "size", of: (v) => v.sizeBytes },
  { name: "pull", kind: "pull", of: (v) => v.pullBytes?.gzip },
  { name: "next deploy", kind: "deploy", of: (v) => v.nextDeployBytes },
];

const STARTS: Kind<Distribution>[] = [
  { name: "container", kind: "size", of: (v) => v.startMs },
  { name: "process", kind: "deploy", of: (v) => v.processStartMs },
];

const MEMORY: Kind<number>[] = [
  { name: "idle", kind: "size", of: (v) => v.memoryBytes?.idle },
  { name: "after a burst", kind: "pull", of: (v) => v.memoryBytes?.loaded },
  { name: "peak", kind: "kept", of: (v) => v.memoryBytes?.peak },
  { name: "memory floor", kind: "deploy", of: (v) => v.memoryFloorBytes },
];

/** Those kinds that a variant has, with their figures. */
function measured<T>(kinds: Kind<T>[], variant: Variant) {
  return kinds.flatMap(({ name, kind, of }) => {
    const value = of(variant);
    return value === undefined ? [] : [{ name, kind, value }];
  });
}

/** The same in words, for those who cannot see the picture. */
function told<T>(
  kinds: Kind<T>[],
  variants: Variant[],
  format: (value: T) => string,
): string {
  return variants.map((variant) => {
    const found = measured(kinds, variant)
      .map(({ name, value }) => `${name} ${format(value)}`);
    return `${variant.name}: ${found.join(", ")}`;
  }).join("; ");
}

/** Room for a figure and the name of what it is of. */
const FIGURE = 150;

/** Pixels of a figure, where the largest of all is at `to`, and 0 at `from`. */
function scaleOf(figures: number[], from: number, to: number) {
  const largest = Math.max(1, ...figures);
  return (figure: number) => from + figure / largest * (to - from);
}

/** Renders the sizes of all variants. */
export function chartSizes({ variants }: Report): Markup {
  const deployed = variants.some((v) => v.nextDeployBytes !== undefined);
  return chartBars(
    SIZES,
    variants,
    markup`Bytes on one scale: <b>size</b> unpacked, <b>pull</b> as a registry sends it${
      deployed &&
      markup`, <b>next deploy</b> after one line of the service has changed`
    }.`,
  );
}

export function chartMemory({ variants }: Report): Markup {
  const floors = variants.some((v) => v.memoryFloorBytes !== undefined);
  return chartBars(
    MEMORY,
    variants,
    markup`Resident memory of the service's process${
      floors &&
      markup`; <b>memory floor</b> is the smallest limit under which it serves and stops cleanly`
    }.`,
  );
}

/** Bars whose lengths can be compared, the first kind of figure thicker. */
function chartBars(
  kinds: Kind<number>[],
  variants: Variant[],
  caption: Value,
): Markup {
  const found = variants.filter((each) => measured(kinds, each).length > 0);
  if (found.length === 0) return NOTHING;
  const all = found.flatMap((variant) => measured(kinds, variant));
  return figure(
    `Bars. ${told(kinds, found, formatBytes)}`,
    caption,
    (width) => {
      const scale = scaleOf(all.map(({ value }) => value), 0, width - FIGURE);
      return stacked(found, width, 14, (variant) => {
        let y = 0;
        const content = measured(kinds, variant).map((each) => {
          const { name, kind, value } = each;
          const [height, row] = kind === kinds[0].kind ? [20, 26] : [10, 18];
          const middle = y + row / 2;
          y += row;
          const length = scale(value);
          const width = value > 0 ? Math.max(length, 1) : 0;
          const bytes = formatBytes(value);
          const title = `${variant.name}: ${name} ${bytes}`;
          return [
            box(0, middle - height / 2, width, height, kind, title),
            figureLabel(length + 8, middle, bytes, name),
          ];
        });
        return { content, height: y };
      });
    },
  );
}

const LAYER = 34;

/** Renders the layers of all variants, side by side as they lie. */
export function chartLayers(variants: Variant[]): Markup {
  const words = variants.map(({ name, layers }) =>
    `${name}: ${layers.length} layers, ${
      layers.map(({ sizeBytes }) => formatBytes(sizeBytes)).join(", ")
    }`
  ).join("; ");
  const deployed = variants.some(({ layers }) =>
    layers.some(({ pulledAgain }) => pulledAgain !== undefined)
  );
  return figure(
    `Stacks. ${words}`,
    deployed
      ? markup`The lowest layer is at the left. <span class="swatch again"></span> travels again with the next deploy, <span class="swatch kept"></span> is kept.`
      : "The lowest layer is at the left.",
    (width) => {
      const sizes = variants.map(({ sizeBytes }) => sizeBytes);
      const scale = scaleOf(sizes, 0, width);
      return stacked(variants, width, 16, ({ layers, sizeBytes: whole }) => {
        let x = 0;
        const content = layers.map((layer, index) => {
          const length = scale(layer.sizeBytes);
          x += length;
          // Layers of a few bytes are in the table; here they would be hairlines.
          return length < 0.5
            ? []
            : drawLayer(layer, index, whole, x - length, length);
        });
        return { content, height: LAYER };
      });
    },
  );
}

function drawLayer(
  { instruction, sizeBytes, pulledAgain }: Layer,
  index: number,
  whole: number,
  x: number,
  length: number,
): Value {
  const number = String(index + 1);
  // A gap parts neighbours, unless it would be all that is left of one.
  const width = length > 3 ? length - 1.5 : length;
  const kind = pulledAgain === undefined
    ? ["kept", "plain"][index % 2]
    : pulledAgain
    ? "again"
    : "kept";
  const title = `Layer ${number}: ${instruction || "not in the history"}\u2003${
    formatBytes(sizeBytes)
  }, ${formatShare(sizeBytes, whole)}`;
  const text = fitted(`${number}  ${printable(instruction)}`, length - 14) ||
    (length > 10 + number.length * 8 ? number : "");
  return [
    box(x, 0, width, LAYER, kind, title),
    text !== "" && label(x + 5, LAYER / 2 + 4.5, text, "on"),
  ];
}

const ROW = 26;

/** Renders the starts; every run is a dot: a median without its spread says little. */
export function chartSamples({ variants }: Report): Markup {
  const started = variants.filter((each) => measured(STARTS, each).length > 0);
  if (started.length === 0) return NOTHING;
  const all = started.flatMap((variant) => measured(STARTS, variant));
  const samples = all.flatMap(({ value }) => value.samples);
  return figure(
    `Dots, median start. ${
      told(STARTS, started, ({ median }) => formatDuration(median))
    }`,
    "One dot a run, from 0 at the left; the line is the median. Container: from the engine's start to the first 200 from the health check. Process: the program's part of it, from its own start.",
    (width) => {
      const scale = scaleOf(samples, 6, width - FIGURE);
      return stacked(started, width, 8, (variant) => {
        const rows = measured(STARTS, variant);
        const content = rows.map(({ name, kind, value }, index) => {
          const { median, samples } = value;
          const y = (index + 0.5) * ROW - 3;
          const x = scale(median);
          const last = scale(Math.max(median, ...samples));
          const dots = samples.map((sample) =>
            markup`<circle class="${kind} dot" cx="${
              scale(sample)
            }" cy="${y}" r="5"><title>${name} ${
              formatDuration(sample)
            }</title></circle>`
          );
          return [
            line(0, y, width - FIGURE, y, "rule"),
            dots,
            line(x, y - 9, x, y + 9, "median"),
            figureLabel(last + 10, y, formatDuration(median), name),
          ];
        });
        return { content, height: rows.length * ROW };
      });
    },
  );
}

/** A figure with what it is of, right of its mark. */
function figureLabel(x: number, y: number, figure: string, what: string) {
  const text = markup`<tspan class="figure">${figure}</tspan> ${what}`;
  return label(x, y + 4.5, text, "muted halo");
}

function line(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  kind: string,
): Markup {
  return markup`<line class="${kind}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
}

/** Height of the largest image's picture; others are lower in proportion. */
const HEIGHTS = { [WIDTHS.wide]: 440, [WIDTHS.narrow]: 480 };
/** Lower, and nothing can be told apart. */
const LOWEST = 70;
/** Colours for directories, in turn. */
const HUES = 5;

/** Height of the name above what a folder holds. */
const HEADER = 20;

type Cell = HierarchyRectangularNode<FilledNode>;

/**
 * Renders what fills one of the variants, as areas. All images of a report have
 * the same scale, and a folder below the root has one colour in all of them.
 */
export function chartTreemap(variant: Variant, variants: Variant[]): Markup {
  const tree = filledTree(variant);
  if (tree.bytes === 0) return NOTHING;
  const share = tree.bytes /
    Math.max(...variants.map(({ contents }) => contents.bytes));
  const folders = variants.flatMap(({ contents }) => contents.children ?? [])
    .toSorted((a, b) => b.bytes - a.bytes).map(({ name }) => name);
  const tops = [...new Set(folders)];
  const largest = filledLeaves(tree).slice(0, 5).map(({ path, bytes }) =>
    `${path} ${formatBytes(bytes)}`
  ).join(", ");
  const larger = Object.values(HEIGHTS)
    .some((height) => height * share < LOWEST);
  const scale = larger
    ? "Drawn larger than to scale, to be legible."
    : "Areas are bytes, on the same scale for all images.";
  return figure(
    `Areas: what fills ${variant.name}. The largest: ${largest}`,
    markup`${scale}${
      variant.program &&
      markup` <span class="swatch runtime"></span> the Deno runtime, <span class="swatch code"></span> the application.`
    }`,
    (width) => {
      const whole = HEIGHTS[width as keyof typeof HEIGHTS];
      const height = Math.max(LOWEST, whole * share);
      const root = hierarchy(tree, (node) => node.children)
        .sum((node) => node.children === undefined ? node.bytes : 0)
        .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
      const laid = treemap<FilledNode>().size([width, height]).round(true)
        .paddingInner(2)
        .paddingTop((node) => hasHeader(node) ? HEADER : 0)(root);
      const content = laid.descendants()
        .filter((cell) => cell.children === undefined || hasHeader(cell))
        .map((cell) => drawCell(cell, tree.bytes, tops));
      return { content, height };
    },
  );
}

/** Directories right below the root have their name above what they hold. */
function hasHeader(cell: Cell): boolean {
  return cell.depth === 1 && cell.children !== undefined &&
    cell.x1 - cell.x0 >= 70 && cell.y1 - cell.y0 >= 56;
}

/** A part, or the name of one that is taken apart. */
function drawCell(cell: Cell, whole: number, tops: string[]): Markup {
  const { x0: x, y0: y, data: { name, bytes, path } } = cell;
  const isHeader = cell.children !== undefined;
  const width = cell.x1 - x;
  const height = isHeader ? HEADER - 2 : cell.y1 - y;
  const figures = `${formatBytes(bytes)}, ${formatShare(bytes, whole)}`;
  const text = isHeader
    ? fitted(`${printable(name)}  ${formatBytes(bytes)}`, width - 10)
    : height < 18
    ? ""
    : fittedPath(cell, width - 10);
  const hasFigures = !isHeader && text !== "" && height >= 38 &&
    fitted(figures, width - 10) === figures;
  const title = `${path}\u2003${figures}`;
  const kind = isHeader ? "on small" : "on";
  // The inner picture cuts off whatever a font makes wider than expected.
  return markup`<svg x="${x}" y="${y}" width="${width}" height="${height}">${[
    box(0, 0, width, height, colorOf(cell, tops), title),
    text !== "" && label(6, isHeader ? 13.5 : 15, text, kind),
    hasFigures && label(6, 32, figures, "on small"),
  ]}</svg>`;
}

/** The path below the header, or else its end, or else the beginning of that. */
function fittedPath(cell: Cell, width: number): string {
  const { name, kind, path } = cell.data;
  const top = cell.ancestors().at(-2);
  const above = top && top !== cell && hasHeader(top) ? top.data.path : "";
  const below = printable(path.slice(above.length + 1));
  return kind === "path" && fitted(below, width) === below
    ? below
    : fitted(printable(name), width);
}

function colorOf(cell: Cell, tops: string[]): string {
  if (cell.data.kind !== "path") return cell.data.kind;
  // The program's own heading belongs to what fills it.
  const [first] = cell.children ?? [];
  if (first !== undefined && first.data.kind !== "path") return "runtime";
  const top = cell.ancestors().at(-2) ?? cell;
  return `hue${Math.max(0, tops.indexOf(top.data.name)) % HUES}`;
}
