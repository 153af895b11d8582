/**
 * Start and memory, surface, and how the figures were taken, in the HTML report.
 *
 * @module
 */
import { FIGURES, textOf } from "./figures.ts";
import { formatBytes, formatDuration } from "../lib/format.ts";
import type { Distribution, Report } from "./report_schema.ts";
import { chartMemory } from "./chart_memory.ts";
import { chartSamples } from "./chart_samples.ts";
import {
  htmlTable,
  type Markup,
  markup,
  NOTHING,
  type Value,
} from "./markup.ts";
import { surfaceRows } from "./surface_rows.ts";

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
