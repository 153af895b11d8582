/**
 * Starts: every run as a dot, the median as a line. A figure without its spread
 * says little.
 *
 * @module
 */
// @ts-types="npm:@types/d3-scale@^4.0.9"
import { type ScaleLinear, scaleLinear } from "d3-scale";
import { formatDuration } from "../lib/format.ts";
import type { Distribution, Report } from "./report_schema.ts";
import { type Drawing, figure, label, nameLabel, round } from "./chart.ts";
import { type Markup, markup, NOTHING } from "./markup.ts";

interface Row {
  /** Set at the first row of a variant. */
  name?: string;
  what: string;
  kind: string;
  found: Distribution;
}

const ROW = 26;
/** Width of a median with the name of what it is of. */
const LABEL = 150;

/** Renders the starts of all variants; nothing when none was measured. */
export function chartSamples({ variants }: Report): Markup {
  const rows = variants.flatMap(({ name, startMs, processStartMs }): Row[] => {
    const own: Row[] = [];
    if (startMs !== undefined) {
      own.push({ what: "container", kind: "engine", found: startMs });
    }
    if (processStartMs !== undefined) {
      own.push({
        what: "process",
        kind: "process",
        found: processStartMs,
      });
    }
    return own.map((row, index) => index === 0 ? { ...row, name } : row);
  });
  if (rows.length === 0) return NOTHING;
  const told = variants.flatMap(({ name, startMs, processStartMs }) => [
    ...startMs ? [`${name}: container ${formatDuration(startMs.median)}`] : [],
    ...processStartMs
      ? [`${name}: process ${formatDuration(processStartMs.median)}`]
      : [],
  ]).join("; ");
  return figure(
    `Dots, median start. ${told}`,
    markup`One dot a run, the line is the median. Container: from the engine's start to the first 200 from the health check. Process: the program's part of it, from its own start.`,
    (width) => draw(rows, width),
  );
}

function draw(rows: Row[], width: number): Drawing {
  const most = Math.max(1, ...rows.flatMap(({ found }) => found.samples));
  // Room for the median's figure beside the last dot.
  const scale = scaleLinear([0, most], [6, width - LABEL]);
  const content: Markup[] = [];
  let y = 0;
  for (const { name, what, kind, found } of rows) {
    if (name !== undefined) {
      if (y > 0) y += 8;
      content.push(nameLabel(name, y + 15, width));
      y += 24;
    }
    const middle = y + ROW / 2 - 3;
    content.push(line(0, middle, width - LABEL, middle, "rule"));
    for (const sample of found.samples) {
      content.push(
        markup`<circle class="${kind} dot" cx="${
          round(scale(sample))
        }" cy="${middle}" r="5"><title>${what} ${
          formatDuration(sample)
        }</title></circle>`,
      );
    }
    const x = scale(found.median);
    const last = scale(Math.max(found.median, ...found.samples));
    content.push(
      line(x, middle - 9, x, middle + 9, "median"),
      label(
        last + 10,
        middle + 4.5,
        markup`<tspan class="figure">${
          formatDuration(found.median)
        }</tspan> ${what}`,
        "muted halo",
      ),
    );
    y += ROW;
  }
  return {
    content: [...axis(scale, y + 4, formatDuration), ...content],
    height: y + 26,
  };
}

/** Ticks beneath the rows, with hairlines through them. */
export function axis(
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

/** A straight line. */
export function line(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  kind: string,
): Markup {
  return markup`<line class="${kind}" x1="${round(x1)}" y1="${round(y1)}" x2="${
    round(x2)
  }" y2="${round(y2)}"/>`;
}
