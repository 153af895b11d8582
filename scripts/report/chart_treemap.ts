/**
 * What fills an image, as areas. All images of a report have the same scale: a
 * smaller image is a smaller picture.
 *
 * @module
 */
import { formatBytes, formatShare, printable } from "../lib/format.ts";
import { box, type Drawing, figure, fitted, label, WIDTHS } from "./chart.ts";
import { filledLeaves, type FilledNode, filledTree } from "./filled_tree.ts";
import { type Markup, markup, NOTHING, type Value } from "./markup.ts";
import type { Variant } from "./report_schema.ts";
// @ts-types="npm:@types/d3-hierarchy@^3.1.7"
import {
  hierarchy,
  type HierarchyRectangularNode,
  treemap,
} from "d3-hierarchy";

/** Height of the largest image's picture; others are lower in proportion. */
const HEIGHTS = { [WIDTHS.wide]: 440, [WIDTHS.narrow]: 480 };
/** Lower, and nothing can be told apart. */
const LOWEST = 70;
/** Colours for directories, in turn. */
const HUES = 5;

/**
 * What the pictures of some variants have in common: the bytes of the largest, and
 * the names right below the roots, since a folder has one colour in all pictures.
 */
export function treemapScale(variants: Variant[]) {
  const tops = variants.flatMap(({ contents }) => contents.children ?? [])
    .toSorted((a, b) => b.bytes - a.bytes).map(({ name }) => name);
  return {
    most: Math.max(0, ...variants.map(({ contents }) => contents.bytes)),
    tops: [...new Set(tops)],
  };
}

const HEADER = 20;

type Cell = HierarchyRectangularNode<FilledNode>;

/** Renders what fills one variant. */
export function chartTreemap(
  variant: Variant,
  scale: ReturnType<typeof treemapScale>,
): Markup {
  const tree = filledTree(variant);
  if (tree.bytes === 0) return NOTHING;
  const share = tree.bytes / Math.max(scale.most, tree.bytes);
  const told = filledLeaves(tree).slice(0, 5).map(({ path, bytes }) =>
    `${path} ${formatBytes(bytes)}`
  ).join(", ");
  return figure(
    `Areas: what fills ${variant.name}. The largest: ${told}`,
    caption(variant, share),
    (width) => {
      const whole = HEIGHTS[width as keyof typeof HEIGHTS];
      return draw(tree, width, Math.max(LOWEST, whole * share), scale.tops);
    },
  );
}

function caption(variant: Variant, share: number): Value {
  const parts = variant.program === undefined
    ? NOTHING
    : markup` <span class="swatch runtime"></span> the Deno runtime, <span class="swatch code"></span> the application.`;
  const scale = Object.values(HEIGHTS).some((height) => height * share < LOWEST)
    ? "Drawn larger than to scale, to be legible."
    : "Areas are bytes, on the same scale for all images.";
  return markup`${scale}${parts}`;
}

function draw(
  tree: FilledNode,
  width: number,
  height: number,
  tops: string[],
): Drawing {
  const root = hierarchy(tree, (node) => node.children)
    .sum((node) => node.children === undefined ? node.bytes : 0)
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const laid = treemap<FilledNode>().size([width, height]).round(true)
    .paddingInner(2)
    .paddingTop((node) => hasHeader(node) ? HEADER : 0)(root);
  const content = laid.descendants().flatMap((cell) => {
    if (cell.depth === 0 && cell.children !== undefined) return [];
    if (cell.children === undefined) return [leaf(cell, tree.bytes, tops)];
    return hasHeader(cell) ? [header(cell, tree.bytes, tops)] : [];
  });
  return { content, height };
}

/** Directories right below the root have their name above what they hold. */
function hasHeader(cell: Cell): boolean {
  return cell.depth === 1 && cell.children !== undefined &&
    cell.x1 - cell.x0 >= 70 && cell.y1 - cell.y0 >= 56;
}

function header(cell: Cell, whole: number, tops: string[]): Markup {
  const { x0, y0, x1 } = cell;
  const { name, bytes, path } = cell.data;
  const text = `${printable(name)}  ${formatBytes(bytes)}`;
  return markup`<g>${
    box(
      { x: x0, y: y0, width: x1 - x0, height: HEADER - 2 },
      kindOf(cell, tops),
      titleOf(path, bytes, whole),
    )
  }${label(x0 + 6, y0 + 13.5, fitted(text, x1 - x0 - 10), "on small")}</g>`;
}

function leaf(cell: Cell, whole: number, tops: string[]): Markup {
  const { x0, y0, x1, y1 } = cell;
  const width = x1 - x0;
  const height = y1 - y0;
  const { bytes, path } = cell.data;
  const name = height < 18 ? "" : fittedName(cell, width - 10);
  const figures = `${formatBytes(bytes)}, ${formatShare(bytes, whole)}`;
  const second = name === "" || height < 38 ? "" : fitted(figures, width - 10);
  // The inner picture cuts off whatever a font makes wider than expected.
  return markup`<svg x="${x0}" y="${y0}" width="${width}" height="${height}">${
    box(
      { x: 0, y: 0, width, height },
      kindOf(cell, tops),
      titleOf(path, bytes, whole),
    )
  }${name !== "" && label(6, 15, name, "on")}${
    second === figures && label(6, 32, second, "on small")
  }</svg>`;
}

function titleOf(path: string, bytes: number, whole: number): string {
  return `${path}\u2003${formatBytes(bytes)}, ${formatShare(bytes, whole)}`;
}

/** The path, or else its end, or else the beginning of that. */
function fittedName(cell: Cell, width: number): string {
  const path = nameOf(cell);
  return fitted(path, width) === path
    ? path
    : fitted(printable(cell.data.name), width);
}

/** The path below the header, or from the root where there is none. */
function nameOf(cell: Cell): string {
  if (cell.data.kind !== "path") return cell.data.name;
  const names: string[] = [];
  for (
    let at: Cell | null = cell;
    at !== null && at.depth > 0 && !(at !== cell && hasHeader(at));
    at = at.parent
  ) names.unshift(at.data.name);
  return printable(names.join("/"));
}

function kindOf(cell: Cell, tops: string[]): string {
  if (cell.data.kind !== "path") return cell.data.kind;
  // The program's own heading belongs to what fills it.
  const [first] = cell.children ?? [];
  if (first !== undefined && first.data.kind !== "path") return "runtime";
  let top = cell;
  while (top.depth > 1 && top.parent !== null) top = top.parent;
  return `hue${Math.max(0, tops.indexOf(top.data.name)) % HUES}`;
}
