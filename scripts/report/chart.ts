/**
 * The pictures of the HTML report: sizes, layers, starts and memory of all
 * variants. Each is drawn twice, for wide and for narrow pages: text that shrinks
 * with a picture cannot be read.
 *
 * @module
 */
import {
  formatBytes,
  formatDuration,
  formatShare,
  printable,
} from "../lib/format.ts";
import { smallestOf } from "./figures.ts";
import { type Markup, markup, NOTHING, type Value } from "./markup.ts";
import type { Distribution, Layer, Report, Variant } from "./report_schema.ts";
// @ts-types="npm:@types/d3-scale@^4.0.9"
import { type ScaleLinear, scaleLinear } from "d3-scale";

/** Widths that pictures are drawn for, in CSS pixels. */
export const WIDTHS = { wide: 800, narrow: 340 } as const;

export interface Drawing {
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
export function box(
  { x, y, width, height }: Record<"x" | "y" | "width" | "height", number>,
  kind: string,
  title: string,
): Markup {
  return markup`<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}"><title>${title}</title></rect>`;
}

export function label(
  x: number,
  y: number,
  text: Value,
  kind = "",
): Markup {
  const style = kind !== "" && markup` class="${kind}"`;
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

/** The name of a variant, as the heading of its part of a picture. */
function nameLabel(
  name: string,
  y: number,
  width: number,
  { best = false, beside }: { best?: boolean; beside?: Value } = {},
): Markup {
  const text = fitted(printable(name), width, NAME_CHARACTER);
  return label(0, y, [text, beside], best ? "name best" : "name");
}

/** Bytes of a variant that are drawn; the class gives their colour. */
interface Kind {
  name: string;
  kind: string;
  of(variant: Variant): number | undefined;
}

const BARS: Kind[] = [
  { name: "size", kind: "size", of: (v) => v.sizeBytes },
  { name: "pull", kind: "pull", of: (v) => v.pullBytes?.gzip },
  { name: "next deploy", kind: "deploy", of: (v) => v.nextDeployBytes },
];

const MARKS: Kind[] = [
  { name: "idle", kind: "idle", of: (v) => v.memoryBytes?.idle },
  { name: "after a burst", kind: "loaded", of: (v) => v.memoryBytes?.loaded },
  { name: "peak", kind: "peak", of: (v) => v.memoryBytes?.peak },
  { name: "memory floor", kind: "floor", of: (v) => v.memoryFloorBytes },
];

/** Those kinds that a variant has, with their bytes. */
function measured(kinds: Kind[], variant: Variant) {
  return kinds.flatMap(({ name, kind, of }) => {
    const value = of(variant);
    return value === undefined ? [] : [{ name, kind, value }];
  });
}

/** The same in words, for those who cannot see the picture. */
function told(kinds: Kind[], variants: Variant[]): string {
  return variants.map((variant) => {
    const found = measured(kinds, variant)
      .map(({ name, value }) => `${name} ${formatBytes(value)}`);
    return `${variant.name}: ${found.join(", ")}`;
  }).join("; ");
}

/** The largest of some bytes; 1 of none, since a scale has a length. */
function largest(bytes: number[]): number {
  return Math.max(1, ...bytes);
}

/** Renders the sizes of all variants, as bars whose lengths can be compared. */
export function chartSizes({ variants }: Report): Markup {
  return figure(
    `Bars. ${told(BARS, variants)}`,
    markup`Bytes on one scale: <b>size</b> unpacked, <b>pull</b> as a registry sends it${
      variants.some((v) => v.nextDeployBytes !== undefined) &&
      markup`, <b>next deploy</b> after one line of the service has changed`
    }.`,
    (width) => drawSizes(variants, width),
  );
}

function drawSizes(variants: Variant[], width: number): Drawing {
  const all = variants.flatMap((variant) => measured(BARS, variant));
  const most = largest(all.map(({ value }) => value));
  // Room for the figure and the name of the bar at its end.
  const scale = scaleLinear([0, most], [0, width - 140]);
  const smallest = smallestOf(variants);
  const content: Markup[] = [];
  let y = 0;
  for (const variant of variants) {
    const best = variant === smallest;
    content.push(nameLabel(variant.name, y + 15, width, { best }));
    y += 24;
    for (const { name, kind, value } of measured(BARS, variant)) {
      const [height, row] = kind === "size" ? [20, 26] : [10, 18];
      const length = scale(value);
      const bar = {
        x: 0,
        y: y + (row - height) / 2,
        width: Math.max(length, value > 0 ? 1 : 0),
        height,
      };
      const bytes = formatBytes(value);
      content.push(
        box(bar, kind, `${variant.name}: ${name} ${bytes}`),
        figureLabel(length + 8, y + row / 2, bytes, name, "muted"),
      );
      y += row;
    }
    y += 14;
  }
  return { content, height: Math.max(0, y - 14) };
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
    (width) => drawLayers(variants, width),
  );
}

function drawLayers(variants: Variant[], width: number): Drawing {
  const most = largest(variants.map(({ sizeBytes }) => sizeBytes));
  const scale = scaleLinear([0, most], [0, width]);
  const content: Markup[] = [];
  let y = 0;
  for (const { name, layers, sizeBytes } of variants) {
    content.push(nameLabel(name, y + 15, width));
    y += 24;
    let before = 0;
    for (const [index, layer] of layers.entries()) {
      const x = scale(before);
      const length = scale(layer.sizeBytes);
      before += layer.sizeBytes;
      // Layers of a few bytes are in the table; here they would be hairlines.
      if (length < 0.5) continue;
      // A gap parts neighbours, unless it would be all that is left of one.
      const width = length > 3 ? length - 1.5 : length;
      const number = String(index + 1);
      const share = formatShare(layer.sizeBytes, sizeBytes);
      const title = `Layer ${number}: ${
        layer.instruction || "not in the history"
      }\u2003${formatBytes(layer.sizeBytes)}, ${share}`;
      content.push(
        box({ x, y, width, height: LAYER }, kindOf(layer, index), title),
      );
      const words = `${number}  ${printable(layer.instruction)}`;
      const text = fitted(words, length - 14) ||
        (length > 10 + number.length * 8 ? number : "");
      if (text !== "") {
        content.push(label(x + 5, y + LAYER / 2 + 4.5, text, "on"));
      }
    }
    y += LAYER + 16;
  }
  return { content, height: Math.max(0, y - 16) };
}

function kindOf({ pulledAgain }: Layer, index: number): string {
  if (pulledAgain !== undefined) return pulledAgain ? "again" : "kept";
  return index % 2 === 0 ? "kept" : "plain";
}

const STARTS = [
  { what: "container", kind: "engine", of: (v: Variant) => v.startMs },
  { what: "process", kind: "process", of: (v: Variant) => v.processStartMs },
];

/** The starts of one variant, of the container or of the process alone. */
interface Row {
  variant: Variant;
  what: string;
  kind: string;
  found: Distribution;
}

const ROW = 26;
/** Width of a median with the name of what it is of. */
const MEDIAN = 150;

/** Renders the starts; every run is a dot: a median without its spread says little. */
export function chartSamples({ variants }: Report): Markup {
  const rows = variants.flatMap((variant) =>
    STARTS.flatMap(({ of, ...row }): Row[] => {
      const found = of(variant);
      return found === undefined ? [] : [{ variant, found, ...row }];
    })
  );
  if (rows.length === 0) return NOTHING;
  const words = rows.map(({ variant, what, found }) =>
    `${variant.name}: ${what} ${formatDuration(found.median)}`
  ).join("; ");
  return figure(
    `Dots, median start. ${words}`,
    markup`One dot a run, the line is the median. Container: from the engine's start to the first 200 from the health check. Process: the program's part of it, from its own start.`,
    (width) => drawSamples(rows, width),
  );
}

function drawSamples(rows: Row[], width: number): Drawing {
  const most = largest(rows.flatMap(({ found }) => found.samples));
  // Room for the median's figure beside the last dot.
  const scale = scaleLinear([0, most], [6, width - MEDIAN]);
  const content: Markup[] = [];
  let y = 0;
  for (const [index, { variant, what, kind, found }] of rows.entries()) {
    if (variant !== rows[index - 1]?.variant) {
      if (y > 0) y += 8;
      content.push(nameLabel(variant.name, y + 15, width));
      y += 24;
    }
    const middle = y + ROW / 2 - 3;
    content.push(line(0, middle, width - MEDIAN, middle, "rule"));
    for (const sample of found.samples) {
      const title = markup`<title>${what} ${formatDuration(sample)}</title>`;
      content.push(
        markup`<circle class="${kind} dot" cx="${
          scale(sample)
        }" cy="${middle}" r="5">${title}</circle>`,
      );
    }
    const x = scale(found.median);
    const last = scale(Math.max(found.median, ...found.samples));
    const median = formatDuration(found.median);
    content.push(
      line(x, middle - 9, x, middle + 9, "median"),
      figureLabel(last + 10, middle, median, what, "muted halo"),
    );
    y += ROW;
  }
  return {
    content: [...axis(scale, y + 4, formatDuration), ...content],
    height: y + 26,
  };
}

export function chartMemory({ variants }: Report): Markup {
  const marks = MARKS.filter(({ of }) =>
    variants.some((variant) => of(variant) !== undefined)
  );
  if (marks.length === 0) return NOTHING;
  const found = variants.filter((variant) =>
    measured(MARKS, variant).length > 0
  );
  const legend = marks.map(({ kind, name }, index) => {
    const words = kind === "floor"
      ? "the smallest limit under which it serves and stops cleanly"
      : name;
    // The mark stays with the first word when the line breaks.
    const [first, ...rest] = words.split(" ");
    return markup`${
      index > 0 && ", "
    }<span class="whole"><svg class="key" aria-hidden="true" width="14" height="14" viewBox="-7 -7 14 14">${
      shape(kind, 0, 0)
    }</svg> ${first}</span>${rest.map((word) => ` ${word}`)}`;
  });
  return figure(
    `Marks on a line. ${told(MARKS, found)}`,
    markup`Resident memory of the service's process: ${legend}.`,
    (width) => drawMemory(found, width),
  );
}

function drawMemory(variants: Variant[], width: number): Drawing {
  const all = variants.flatMap((variant) => measured(MARKS, variant));
  const most = largest(all.map(({ value }) => value));
  const scale = scaleLinear([0, most], [6, width - 30]).nice(4);
  const content: Markup[] = [];
  let y = 0;
  for (const variant of variants) {
    const own = measured(MARKS, variant);
    const idle = variant.memoryBytes?.idle;
    const figures = idle === undefined ? "" : `  ${formatBytes(idle)} idle`;
    content.push(nameLabel(variant.name, y + 15, width - 130, {
      beside: markup`<tspan class="muted plain-text">${figures}</tspan>`,
    }));
    y += 36;
    const at = own.map(({ value }) => scale(value));
    content.push(line(0, y, width - 30, y, "rule"));
    content.push(line(Math.min(...at), y, Math.max(...at), y, "range"));
    for (const { name, kind, value } of own) {
      content.push(
        markup`<g>${
          shape(kind, scale(value), y)
        }<title>${variant.name}: ${name} ${formatBytes(value)}</title></g>`,
      );
    }
    y += 20;
  }
  return {
    content: [...axis(scale, y, formatBytes), ...content],
    height: y + 22,
  };
}

function shape(kind: string, x: number, y: number): Markup {
  if (kind === "peak") return line(x, y - 6.5, x, y + 6.5, "median");
  if (kind === "floor") {
    return markup`<path class="floor" d="M${x} ${y}m0 -6.5l6 6.5l-6 6.5l-6 -6.5z"/>`;
  }
  const radius = kind === "idle" ? 5.5 : 4.5;
  return markup`<circle class="${kind}" cx="${x}" cy="${y}" r="${radius}"/>`;
}

/** A figure with what it is of, right of its mark. */
function figureLabel(
  x: number,
  middle: number,
  figure: string,
  what: string,
  kind: string,
): Markup {
  const text = markup`<tspan class="figure">${figure}</tspan> ${what}`;
  return label(x, middle + 4.5, text, kind);
}

/** Ticks beneath the rows, with hairlines through them. */
function axis(
  scale: ScaleLinear<number, number>,
  y: number,
  format: (value: number) => string,
): Markup[] {
  return scale.ticks(3).flatMap((tick) => [
    line(scale(tick), 22, scale(tick), y, "grid"),
    label(
      scale(tick),
      y + 16,
      tick === 0 ? "0" : format(tick),
      tick === 0 ? "muted small" : "muted small middle",
    ),
  ]);
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
