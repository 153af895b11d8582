/**
 * Start and memory, surface, and how the figures were taken, in the HTML report.
 *
 * @module
 */
import { furtherService } from "./figures.ts";
import { formatBytes, formatDuration } from "../lib/format.ts";
import type { Distribution, Report, Variant } from "./report_schema.ts";
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

const METHODS: [string, string, (variant: Variant) => boolean][] = [
  [
    "Size",
    "bytes of the regular files in all layers; a hard link counts once",
    () => true,
  ],
  [
    "Pull",
    "bytes of all layers compressed with gzip, as a registry would send them",
    ({ pullBytes }) => pullBytes?.gzip !== undefined,
  ],
  [
    "Next deploy",
    "compressed bytes of the layers that are new after one line of the service was changed and the image built again",
    ({ nextDeployBytes }) => nextDeployBytes !== undefined,
  ],
  [
    "Further service",
    "compressed bytes that a node with this image pulls for another service that the same Deno has compiled: the layers that are not shared",
    (variant) => furtherService(variant) !== undefined,
  ],
  [
    "Efficiency",
    "bytes that are left when the layers are laid over each other, divided by the size; what is missing is waste",
    () => true,
  ],
  [
    "Start",
    "from the engine's start of the container to the first 200 from the health check; runs alternate between the variants, the figure is the median",
    ({ startMs }) => startMs !== undefined,
  ],
  [
    "Process",
    "the part of the start that is the program's own: from when the engine saw it run to the same 200; what is left is the engine",
    ({ processStartMs }) => processStartMs !== undefined,
  ],
  [
    "Memory",
    "resident set of the service's process: idle after the start, and after a burst of requests",
    ({ memoryBytes }) => memoryBytes !== undefined,
  ],
  [
    "Memory floor",
    "the lowest memory limit, found by halving, under which the image serves a burst at half its free speed or better and stops cleanly",
    ({ memoryFloorBytes }) => memoryFloorBytes !== undefined,
  ],
];

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
    METHODS.filter(([, , was]) => variants.some(was)).map(([term, text]) =>
      markup`<dt>${term}</dt><dd>${text}</dd>\n`
    )
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
