/**
 * The layers of every image as stacks on one scale. The colour tells what travels
 * again when one line of the service changes.
 *
 * @module
 */
// @ts-types="npm:@types/d3-scale@^4.0.9"
import { scaleLinear } from "d3-scale";
import { formatBytes, formatShare, printable } from "../lib/format.ts";
import type { Report, Variant } from "./report_schema.ts";
import {
  box,
  type Drawing,
  figure,
  fitted,
  label,
  nameLabel,
} from "./chart.ts";
import { type Markup, markup } from "./markup.ts";

const HEIGHT = 34;

/** Renders the layers of all variants. */
export function chartLayers({ variants }: Report): Markup {
  const most = Math.max(1, ...variants.map(({ sizeBytes }) => sizeBytes));
  const told = variants.map(({ name, layers }) =>
    `${name}: ${layers.length} layers, ${
      layers.map(({ sizeBytes }) => formatBytes(sizeBytes)).join(", ")
    }`
  ).join("; ");
  const deployed = variants.some(({ layers }) =>
    layers.some(({ pulledAgain }) => pulledAgain !== undefined)
  );
  return figure(
    `Stacks. ${told}`,
    deployed
      ? markup`The lowest layer is at the left. <span class="swatch again"></span> travels again with the next deploy, <span class="swatch kept"></span> is kept.`
      : "The lowest layer is at the left.",
    (width) => draw(variants, most, width),
  );
}

function draw(variants: Variant[], most: number, width: number): Drawing {
  const scale = scaleLinear([0, most], [0, width]);
  const content: Markup[] = [];
  let y = 0;
  for (const variant of variants) {
    const { layers, sizeBytes } = variant;
    content.push(
      nameLabel(variant.name, y + 15, width),
    );
    y += 24;
    let before = 0;
    for (const [index, layer] of layers.entries()) {
      const x = scale(before);
      const length = scale(layer.sizeBytes);
      before += layer.sizeBytes;
      // Layers of a few bytes are in the table; here they would be hairlines.
      if (length < 0.5) continue;
      content.push(box({
        x,
        y,
        // A gap parts neighbours, unless it would be all that is left of one.
        width: length > 3 ? length - 1.5 : length,
        height: HEIGHT,
        kind: kindOf(layer, index),
        title: `Layer ${index + 1}: ${
          layer.instruction || "not in the history"
        }\u2003${formatBytes(layer.sizeBytes)}, ${
          formatShare(layer.sizeBytes, sizeBytes)
        }`,
      }));
      const number = String(index + 1);
      const text = fitted(
        `${number}  ${printable(layer.instruction)}`,
        length - 14,
      ) || (length > 10 + number.length * 8 ? number : "");
      if (text !== "") {
        content.push(label(x + 5, y + HEIGHT / 2 + 4.5, text, "on"));
      }
    }
    y += HEIGHT + 16;
  }
  return { content, height: Math.max(0, y - 16) };
}

function kindOf(layer: Variant["layers"][number], index: number): string {
  if (layer.pulledAgain !== undefined) {
    return layer.pulledAgain ? "again" : "kept";
  }
  return index % 2 === 0 ? "kept" : "plain";
}
