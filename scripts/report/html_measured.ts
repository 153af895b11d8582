/**
 * Start and memory, surface, and how the figures were taken, in the HTML report.
 *
 * @module
 */
// @ts-types="npm:@types/d3-scale@^4.0.9"
import { scaleLinear } from "d3-scale";
import { FIGURES, textOf } from "./figures.ts";
import { formatBytes, formatDuration } from "../lib/format.ts";
import type { Distribution, Report, Variant } from "./report_schema.ts";
import { axis, chartSamples, line } from "./chart_samples.ts";
import {
  htmlTable,
  type Markup,
  markup,
  NOTHING,
  type Value,
} from "./markup.ts";
import { surfaceRows } from "./surface_rows.ts";
import { type Drawing, figure, nameLabel, round } from "./chart.ts";

/** Renders starts, if they were measured. */
export function htmlStart(report: Report): Markup {
  const picture = chartSamples(report);
  if (picture === NOTHING) return NOTHING;
  return markup`<section id="start">
<h2>Start</h2>
${picture}${
    htmlTable(
      "Starts: median, 95th percentile and CPU time",
      [
        { title: "Variant" },
        { title: "Container", align: "right" },
        { title: "p95", align: "right" },
        { title: "Process", align: "right" },
        { title: "p95", align: "right" },
        { title: "CPU time", align: "right" },
        { title: "Runs", align: "right" },
      ],
      report.variants.map(({ name, startMs, processStartMs, cpuMs }) => [
        name,
        ...spread(startMs),
        ...spread(processStartMs),
        duration(cpuMs),
        startMs?.runs ?? processStartMs?.runs,
      ]),
    )
  }</section>
`;
}

/** Renders memory, if it was measured. */
export function htmlMemory(report: Report): Markup {
  const picture = chartMemory(report);
  if (picture === NOTHING) return NOTHING;
  return markup`<section id="memory">
<h2>Memory</h2>
${picture}${
    htmlTable(
      "Memory of the service's process",
      [
        { title: "Variant" },
        { title: "Idle", align: "right" },
        { title: "After a burst", align: "right" },
        { title: "Peak", align: "right" },
        { title: "Memory floor", align: "right" },
      ],
      report.variants.map(({ name, memoryBytes, memoryFloorBytes }) => [
        name,
        bytes(memoryBytes?.idle),
        bytes(memoryBytes?.loaded),
        bytes(memoryBytes?.peak),
        bytes(memoryFloorBytes),
      ]),
    )
  }</section>
`;
}

/** Renders what an intruder could use. */
export function htmlSurface({ variants }: Report): Markup {
  if (variants.length === 0) return NOTHING;
  return markup`<section id="surface">
<h2>Surface</h2>
<p>What an intruder could use. The less there is, the less a hole in the service is worth.</p>
${
    htmlTable(
      "Surface of every image",
      [{ title: "What" }, ...variants.map(({ name }) => ({ title: name }))],
      surfaceRows(variants).map(({ title, cells }) => [
        title,
        ...cells.map(({ text, named, good }): Value => {
          const shown = named ? markup`<code>${text}</code>` : text;
          if (good === undefined) return shown;
          return good
            ? markup`<span class="good">✓</span>\u00a0${shown}`
            : markup`<span class="bad">✗</span>\u00a0${shown}`;
        }),
      ]),
    )
  }</section>
`;
}

/** Renders what the figures mean, where they are from and what is missing. */
export function htmlMethod(report: Report): Markup {
  const { variants, engine, bases, baseline } = report;
  if (variants.length === 0) return NOTHING;
  const notes = variants.flatMap(({ name, notes = [] }) =>
    notes.map((note) => markup`<li>${name}: ${note}</li>\n`)
  );
  return markup`<section id="method">
<h2>How this was measured</h2>
<dl>
${
    FIGURES.filter((figure) =>
      figure.method !== undefined &&
      variants.some((variant) => textOf(figure, variant, report) !== undefined)
    ).map(({ title, method }) => markup`<dt>${title}</dt><dd>${method}</dd>\n`)
  }<dt>Baseline</dt><dd>${baseline}</dd>
${
    engine &&
    markup`<dt>Engine</dt><dd>${engine.name} ${engine.version}</dd>\n`
  }${
    bases &&
    markup`<dt>Bases</dt><dd>from ${bases.source}: <code>${bases.builder}</code> and <code>${bases.runtime}</code>${
      bases.source === "packages" &&
      "; sizes on these are not sizes on the public images"
    }</dd>\n`
  }${
    variants.map(({ name, image }) =>
      markup`<dt>${name}</dt><dd><code>${image.id}</code>, ${image.architecture}</dd>\n`
    )
  }</dl>
${
    notes.length > 0 &&
    markup`<h3>What was not measured, and why</h3>
<ul class="plain-list">
${notes}</ul>
`
  }</section>
`;
}

function spread(found: Distribution | undefined): (string | undefined)[] {
  return [duration(found?.median), duration(found?.p95)];
}

function duration(value: number | undefined): string | undefined {
  return value === undefined ? undefined : formatDuration(value);
}

function bytes(value: number | undefined): string | undefined {
  return value === undefined ? undefined : formatBytes(value);
}

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
