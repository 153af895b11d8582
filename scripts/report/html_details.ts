/**
 * Where the bytes are, what was measured and what an intruder finds: the parts of
 * the HTML report that are read after it is known what failed.
 *
 * @module
 */
import { formatBytes, formatDuration, formatShare } from "../lib/format.ts";
import { chartLayers, chartMemory, chartSamples } from "./chart.ts";
import { chartTreemap, treemapScale } from "./chart_treemap.ts";
import { FIGURES, textOf } from "./figures.ts";
import { filledLeaves, filledTree } from "./filled_tree.ts";
import {
  coded,
  htmlTable,
  type Markup,
  markup,
  NOTHING,
  type Value,
} from "./markup.ts";
import type { Layer, Report, Variant } from "./report_schema.ts";
import {
  bytesText,
  HAPPENED,
  layerColumns,
  measured,
  programParts,
  programs,
  secretsNext,
  type SurfaceRow,
  surfaceRows,
} from "./shared_rows.ts";
import type { Column } from "./table.ts";

export function htmlLayers(report: Report): Markup {
  const variants = report.variants.filter(({ layers }) => layers.length > 0);
  if (variants.length === 0) return NOTHING;
  return markup`${chartLayers(variants)}${variants.map(layerTable)}`;
}

function layerTable(variant: Variant): Markup {
  const { name, layers } = variant;
  return htmlTable<Layer>(`Layers of ${name}`, layers, [
    ["Layer", (_, index) => index + 1, "right"],
    [
      "Instruction",
      ({ instruction }) =>
        instruction === "" ? "not in the history" : coded(instruction),
    ],
    ...measured(layers, layerColumns(variant)),
  ], 60);
}

export function htmlContents({ variants }: Report): Markup {
  const filled = variants.filter(({ contents }) => contents.bytes > 0);
  const scale = treemapScale(filled);
  const parts = filled.map((variant) => {
    const { name, rootfs, contents: { bytes: whole } } = variant;
    const leaves = filledLeaves(filledTree(variant));
    return markup`<h3>${name}, ${formatBytes(whole)} in ${
      rootfs.files.toLocaleString("en")
    } files</h3>
${chartTreemap(variant, scale)}${
      htmlTable(`The largest parts of ${name}`, leaves, [
        ["Path", ({ path }) => coded(path)],
        ["Bytes", ({ bytes }) => formatBytes(bytes), "right"],
        ["Share", ({ bytes }) => formatShare(bytes, whole), "right"],
      ], 12)
    }`;
  });
  return markup`${parts}`;
}

export function htmlPrograms(report: Report): Markup {
  const parts = programs(report).map(({ program, variants }) => {
    const { path, bytes, runtimeBytes, applicationBytes, deno, v8 } = program;
    const where = variants.join(", ");
    const versions = [
      deno !== undefined && ` ${deno}`,
      v8 !== undefined && ` with V8 ${v8}`,
    ];
    const part = (found: number) =>
      `${formatBytes(found)} (${formatShare(found, bytes)})`;
    return markup`<p>${where}: <code>${path}</code> is ${
      part(runtimeBytes)
    } the Deno runtime${versions} and ${
      part(applicationBytes)
    } the application.</p>
${
      htmlTable(
        `The application in the binary of ${where}`,
        programParts(program),
        [
          ["Module or package", ({ name }) => coded(name)],
          ["Bytes", ({ bytes }) => formatBytes(bytes), "right"],
        ],
        25,
      )
    }`;
  });
  return markup`${parts}`;
}

/** What was written for nothing, and what to change. */
export function htmlWaste({ variants }: Report): Markup {
  const clean = variants.filter(({ wasteBytes }) => wasteBytes === 0)
    .map(({ name }) => name).join(", ");
  const tables = variants.map(({ name, wasted, wasteBytes, layers }) =>
    htmlTable(`${name} wastes ${formatBytes(wasteBytes)}`, wasted, [
      [
        "Path",
        ({ path, files }) =>
          markup`${coded(path)}${files !== undefined && ` ${files} files`}`,
      ],
      ["Bytes", ({ bytes }) => formatBytes(bytes), "right"],
      ["What happened", ({ how, coveredBy, writtenBy }) => {
        const by = layers[coveredBy]?.instruction;
        return markup`${HAPPENED[how]} by layer ${
          coveredBy + 1
        }, written by layer ${writtenBy + 1}${by && markup` (${coded(by)})`}`;
      }],
      ["What to change", ({ advice }) => advice],
    ], 25)
  );
  return markup`${
    clean !== "" &&
    markup`<p>Nothing is wasted in ${clean}: no layer replaces or deletes a file of another.</p>\n`
  }${tables}`;
}

export function htmlStart(report: Report): Markup {
  const picture = chartSamples(report);
  if (picture === NOTHING) return NOTHING;
  const duration = (value: number | undefined) =>
    value === undefined ? undefined : formatDuration(value);
  const title = "Starts: median, 95th percentile and CPU time";
  return markup`${picture}${
    htmlTable(title, report.variants, [
      ["Variant", ({ name }) => name],
      ["Container", ({ startMs }) => duration(startMs?.median), "right"],
      ["p95", ({ startMs }) => duration(startMs?.p95), "right"],
      ["Process", (v) => duration(v.processStartMs?.median), "right"],
      ["p95", (v) => duration(v.processStartMs?.p95), "right"],
      ["CPU time", ({ cpuMs }) => duration(cpuMs), "right"],
      ["Runs", (v) => v.startMs?.runs ?? v.processStartMs?.runs, "right"],
    ])
  }`;
}

export function htmlMemory(report: Report): Markup {
  const picture = chartMemory(report);
  if (picture === NOTHING) return NOTHING;
  return markup`${picture}${
    htmlTable("Memory of the service's process", report.variants, [
      ["Variant", ({ name }) => name],
      ["Idle", (v) => bytesText(v.memoryBytes?.idle), "right"],
      ["After a burst", (v) => bytesText(v.memoryBytes?.loaded), "right"],
      ["Peak", (v) => bytesText(v.memoryBytes?.peak), "right"],
      ["Memory floor", (v) => bytesText(v.memoryFloorBytes), "right"],
    ])
  }`;
}

export function htmlSurface({ variants }: Report): Markup {
  if (variants.length === 0) return NOTHING;
  const next = secretsNext(variants);
  return markup`<p>What an intruder could use. The less there is, the less a hole in the service is worth.</p>
${
    htmlTable("Surface of every image", surfaceRows(variants), [
      ["What", ({ title }) => title],
      ...variants.map(({ name }, index): Column<SurfaceRow, Value> => [
        name,
        ({ cells }) => {
          const { text, named, good } = cells[index];
          const shown = named ? coded(text) : text;
          if (good === undefined) return shown;
          return good
            ? markup`<span class="good">✓</span>\u00a0${shown}`
            : markup`<span class="bad">✗</span>\u00a0${shown}`;
        },
      ]),
    ])
  }${next && markup`<p>${next}.</p>`}`;
}

/** What the figures mean, where they are from and what is missing. */
export function htmlMethod(report: Report): Markup {
  const { variants, engine, bases, baseline } = report;
  if (variants.length === 0) return NOTHING;
  const methods = FIGURES.filter((figure) =>
    figure.method !== undefined &&
    variants.some((variant) => textOf(figure, variant, report) !== undefined)
  );
  const notes = variants.flatMap(({ name, notes = [] }) =>
    notes.map((note) => markup`<li>${name}: ${note}</li>\n`)
  );
  const facts: [title: string, fact: Value][] = [
    ...methods.map(({ title, method }): [string, Value] => [title, method]),
    ["Baseline", baseline],
  ];
  if (engine) facts.push(["Engine", `${engine.name} ${engine.version}`]);
  if (bases) {
    const { source, builder, runtime } = bases;
    facts.push([
      "Bases",
      markup`from ${source}: ${coded(builder)} and ${coded(runtime)}${
        source === "packages" &&
        "; sizes on these are not sizes on the public images"
      }`,
    ]);
  }
  for (const { name, image } of variants) {
    facts.push([name, markup`${coded(image.id)}, ${image.architecture}`]);
  }
  return markup`<dl>
${
    facts.map(([title, fact]) => markup`<dt>${title}</dt><dd>${fact}</dd>\n`)
  }</dl>
${
    notes.length > 0 &&
    markup`<h3>What was not measured, and why</h3>
<ul class="plain-list">
${notes}</ul>
`
  }`;
}
