/**
 * The sizes of all variants side by side: size, pull and next deploy as bars on
 * one scale, so that their lengths can be compared.
 *
 * @module
 */
import { formatBytes, formatShare, printable } from "../lib/format.ts";
import {
  box,
  type Drawing,
  figure,
  fitted,
  label,
  nameLabel,
} from "./chart.ts";
import { smallestOf, valueOf } from "./figures.ts";
import { type Markup, markup } from "./markup.ts";
import type { Report, Variant } from "./report_schema.ts";
// @ts-types="npm:@types/d3-scale@^4.0.9"
import { scaleLinear } from "d3-scale";

const BARS = [
  {
    name: "size",
    kind: "size",
    height: 20,
    bytes: (v: Variant) => valueOf("size", v),
  },
  {
    name: "pull",
    kind: "pull",
    height: 10,
    bytes: (v: Variant) => valueOf("pull", v),
  },
  {
    name: "next deploy",
    kind: "deploy",
    height: 10,
    bytes: (v: Variant) => valueOf("nextDeploy", v),
  },
];

/** Renders the sizes of all variants. */
export function chartSizes(report: Report): Markup {
  const { variants } = report;
  const most = Math.max(
    1,
    ...variants.flatMap((variant) =>
      BARS.map((bar) => bar.bytes(variant) ?? 0)
    ),
  );
  const told = variants.map((variant) =>
    `${variant.name}: ${
      BARS.flatMap((bar) => {
        const bytes = bar.bytes(variant);
        return bytes === undefined ? [] : [`${bar.name} ${formatBytes(bytes)}`];
      }).join(", ")
    }`
  ).join("; ");
  return figure(
    `Bars. ${told}`,
    markup`Bytes on one scale: <b>size</b> unpacked, <b>pull</b> as a registry sends it${
      variants.some((v) => v.nextDeployBytes !== undefined) &&
      markup`, <b>next deploy</b> after one line of the service has changed`
    }.`,
    (width) => drawSizes(variants, most, width),
  );
}

function drawSizes(variants: Variant[], most: number, width: number): Drawing {
  // Room for the figure and the name of the bar at its end.
  const scale = scaleLinear([0, most], [0, width - 140]);
  const smallest = smallestOf(variants);
  const content: Markup[] = [];
  let y = 0;
  for (const variant of variants) {
    content.push(
      nameLabel(variant.name, y + 15, width, { best: variant === smallest }),
    );
    y += 24;
    for (const bar of BARS) {
      const bytes = bar.bytes(variant);
      if (bytes === undefined) continue;
      const length = scale(bytes);
      const row = Math.max(bar.height + 6, 18);
      content.push(
        box({
          x: 0,
          y: y + (row - bar.height) / 2,
          width: Math.max(length, bytes > 0 ? 1 : 0),
          height: bar.height,
          kind: bar.kind,
          title: `${variant.name}: ${bar.name} ${formatBytes(bytes)}`,
        }),
        label(
          length + 8,
          y + row / 2 + 4.5,
          markup`<tspan class="figure">${
            formatBytes(bytes)
          }</tspan> ${bar.name}`,
          "muted",
        ),
      );
      y += row;
    }
    y += 14;
  }
  return { content, height: Math.max(0, y - 14) };
}

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
    (width) => drawLayers(variants, most, width),
  );
}

function drawLayers(variants: Variant[], most: number, width: number): Drawing {
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
