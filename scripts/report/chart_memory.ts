/**
 * Memory of every variant on one line each: idle, after a burst, the peak, and
 * the memory floor.
 *
 * @module
 */
// @ts-types="npm:@types/d3-scale@^4.0.9"
import { scaleLinear } from "d3-scale";
import { formatBytes } from "../lib/format.ts";
import type { Report, Variant } from "./report_schema.ts";
import { type Drawing, figure, nameLabel, round } from "./chart.ts";
import { axis, line } from "./chart_samples.ts";
import { type Markup, markup, NOTHING } from "./markup.ts";

const MARKS = [
  {
    name: "idle",
    told: "idle",
    kind: "idle",
    bytes: (v: Variant) => v.memoryBytes?.idle,
  },
  {
    name: "after a burst",
    told: "after a burst",
    kind: "loaded",
    bytes: (v: Variant) => v.memoryBytes?.loaded,
  },
  {
    name: "peak",
    told: "peak",
    kind: "peak",
    bytes: (v: Variant) => v.memoryBytes?.peak,
  },
  {
    name: "memory floor",
    told: "the smallest limit under which it serves and stops cleanly",
    kind: "floor",
    bytes: (v: Variant) => v.memoryFloorBytes,
  },
];

/** Renders the memory of all variants; nothing when none was measured. */
export function chartMemory({ variants }: Report): Markup {
  const found = variants.filter((variant) =>
    MARKS.some((mark) => mark.bytes(variant) !== undefined)
  );
  if (found.length === 0) return NOTHING;
  const told = found.map((variant) =>
    `${variant.name}: ${
      MARKS.flatMap(({ name, bytes }) => {
        const value = bytes(variant);
        return value === undefined ? [] : [`${name} ${formatBytes(value)}`];
      }).join(", ")
    }`
  ).join("; ");
  const marks = MARKS.filter(({ bytes }) =>
    found.some((variant) => bytes(variant) !== undefined)
  );
  return figure(
    `Marks on a line. ${told}`,
    markup`Resident memory of the service's process: ${
      marks.map(({ kind, told }, index) => {
        // The mark stays with the first word when the line breaks.
        const [first, ...rest] = told.split(" ");
        return markup`${
          index > 0 && ", "
        }<span class="whole"><svg class="key" aria-hidden="true" width="14" height="14" viewBox="-7 -7 14 14">${
          shape(kind, 0, 0)
        }</svg> ${first}</span>${rest.map((word) => ` ${word}`)}`;
      })
    }.`,
    (width) => draw(found, width),
  );
}

function draw(variants: Variant[], width: number): Drawing {
  const values = variants.flatMap((variant) =>
    MARKS.flatMap(({ bytes }) => bytes(variant) ?? [])
  );
  const scale = scaleLinear([0, Math.max(1, ...values)], [6, width - 30])
    .nice(4);
  const content: Markup[] = [];
  let y = 0;
  for (const variant of variants) {
    const own = MARKS.flatMap(({ bytes, ...mark }) => {
      const value = bytes(variant);
      return value === undefined ? [] : [{ ...mark, value }];
    });
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
  const [cx, cy] = [round(x), round(y)];
  switch (kind) {
    case "idle":
      return markup`<circle class="idle" cx="${cx}" cy="${cy}" r="5.5"/>`;
    case "loaded":
      return markup`<circle class="loaded" cx="${cx}" cy="${cy}" r="4.5"/>`;
    case "peak":
      return line(x, y - 6.5, x, y + 6.5, "median");
    default:
      return markup`<path class="floor" d="M${cx} ${cy}m0 -6.5l6 6.5l-6 6.5l-6 -6.5z"/>`;
  }
}
