/**
 * The sizes of all variants side by side: size, pull and next deploy as bars on
 * one scale, so that their lengths can be compared.
 *
 * @module
 */
// @ts-types="npm:@types/d3-scale@^4.0.9"
import { scaleLinear } from "d3-scale";
import { formatBytes } from "../lib/format.ts";
import type { Report, Variant } from "./report_schema.ts";
import { box, type Drawing, figure, label, nameLabel } from "./chart.ts";
import { smallestOf } from "./figures.ts";
import type { Markup } from "./markup.ts";
import { markup } from "./markup.ts";

const BARS = [
  {
    name: "size",
    kind: "size",
    height: 20,
    bytes: (v: Variant) => v.sizeBytes,
  },
  {
    name: "pull",
    kind: "pull",
    height: 10,
    bytes: (v: Variant) => v.pullBytes?.gzip,
  },
  {
    name: "next deploy",
    kind: "deploy",
    height: 10,
    bytes: (v: Variant) => v.nextDeployBytes,
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
    (width) => draw(variants, most, width),
  );
}

function draw(variants: Variant[], most: number, width: number): Drawing {
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
