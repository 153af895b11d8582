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
  htmlTable,
  type Markup,
  markup,
  NOTHING,
  type Value,
} from "./markup.ts";
import type { Report, Variant } from "./report_schema.ts";
import {
  bytesText,
  HAPPENED,
  nextDeployText,
  programParts,
  programs,
  secretsNext,
  surfaceRows,
} from "./shared_rows.ts";

/** Renders the layers of every variant. */
export function htmlLayers(report: Report): Markup {
  const variants = report.variants.filter(({ layers }) => layers.length > 0);
  if (variants.length === 0) return NOTHING;
  return markup`${chartLayers(variants)}${variants.map(layerTable)}`;
}

function layerTable({ name, layers, sizeBytes }: Variant): Markup {
  const compressed = layers.some(({ gzipBytes }) => gzipBytes !== undefined);
  const deployed = layers.some(({ pulledAgain }) => pulledAgain !== undefined);
  return htmlTable(
    `Layers of ${name}`,
    [
      { right: "Layer" },
      "Instruction",
      { right: "Size" },
      { right: "Share" },
      ...compressed ? [{ right: "Pull" }] : [],
      ...deployed ? ["Next deploy"] : [],
    ],
    layers.map((layer, index) => [
      index + 1,
      layer.instruction === ""
        ? "not in the history"
        : markup`<code>${layer.instruction}</code>`,
      formatBytes(layer.sizeBytes),
      formatShare(layer.sizeBytes, sizeBytes),
      ...compressed ? [bytesText(layer.gzipBytes)] : [],
      ...deployed ? [nextDeployText(layer)] : [],
    ]),
    60,
  );
}

/** Renders what fills every variant. */
export function htmlContents({ variants }: Report): Markup {
  const filled = variants.filter(({ contents }) => contents.bytes > 0);
  const scale = treemapScale(filled);
  return markup`${
    filled.map((variant) =>
      markup`<h3>${variant.name}, ${formatBytes(variant.contents.bytes)} in ${
        variant.rootfs.files.toLocaleString("en")
      } files</h3>
${chartTreemap(variant, scale)}${
        htmlTable(
          `The largest parts of ${variant.name}`,
          ["Path", { right: "Bytes" }, { right: "Share" }],
          filledLeaves(filledTree(variant)).map(({ path, bytes }) => [
            markup`<code>${path}</code>`,
            formatBytes(bytes),
            formatShare(bytes, variant.contents.bytes),
          ]),
          12,
        )
      }`
    )
  }`;
}

/** Renders what is in the programs made by deno compile. */
export function htmlPrograms(report: Report): Markup {
  return markup`${
    programs(report).map(({ program, variants }) => {
      const { bytes, runtimeBytes, applicationBytes, deno, v8 } = program;
      const where = variants.join(", ");
      const versions = [
        deno !== undefined && ` ${deno}`,
        v8 !== undefined && ` with V8 ${v8}`,
      ];
      return markup`<p>${where}: <code>${program.path}</code> is ${
        formatBytes(runtimeBytes)
      } (${formatShare(runtimeBytes, bytes)}) the Deno runtime${versions} and ${
        formatBytes(applicationBytes)
      } (${formatShare(applicationBytes, bytes)}) the application.</p>
${
        htmlTable(
          `The application in the binary of ${where}`,
          ["Module or package", { right: "Bytes" }],
          programParts(program).map(({ name, bytes }) => [
            markup`<code>${name}</code>`,
            formatBytes(bytes),
          ]),
          25,
        )
      }`;
    })
  }`;
}

/** Renders what was written for nothing, and what to change. */
export function htmlWaste({ variants }: Report): Markup {
  const clean = variants.filter(({ wasteBytes }) => wasteBytes === 0);
  return markup`${
    clean.length > 0 &&
    markup`<p>Nothing is wasted in ${
      clean.map(({ name }) => name).join(", ")
    }: no layer replaces or deletes a file of another.</p>
`
  }${
    variants.map(({ name, wasted, wasteBytes, layers }) =>
      htmlTable(
        `${name} wastes ${formatBytes(wasteBytes)}`,
        ["Path", { right: "Bytes" }, "What happened", "What to change"],
        wasted.map(({ path, files, bytes, how, coveredBy, ...item }) => {
          const by = layers[coveredBy]?.instruction;
          return [
            markup`<code>${path}</code>${
              files !== undefined && ` ${files} files`
            }`,
            formatBytes(bytes),
            markup`${HAPPENED[how]} by layer ${
              coveredBy + 1
            }, written by layer ${item.writtenBy + 1}${
              by && markup` (<code>${by}</code>)`
            }`,
            item.advice,
          ];
        }),
        25,
      )
    )
  }`;
}

/** Renders starts, if they were measured. */
export function htmlStart(report: Report): Markup {
  const picture = chartSamples(report);
  if (picture === NOTHING) return NOTHING;
  const duration = (value: number | undefined) =>
    value === undefined ? undefined : formatDuration(value);
  return markup`${picture}${
    htmlTable(
      "Starts: median, 95th percentile and CPU time",
      [
        "Variant",
        { right: "Container" },
        { right: "p95" },
        { right: "Process" },
        { right: "p95" },
        { right: "CPU time" },
        { right: "Runs" },
      ],
      report.variants.map(({ name, startMs, processStartMs, cpuMs }) => [
        name,
        duration(startMs?.median),
        duration(startMs?.p95),
        duration(processStartMs?.median),
        duration(processStartMs?.p95),
        duration(cpuMs),
        startMs?.runs ?? processStartMs?.runs,
      ]),
    )
  }`;
}

/** Renders memory, if it was measured. */
export function htmlMemory(report: Report): Markup {
  const picture = chartMemory(report);
  if (picture === NOTHING) return NOTHING;
  return markup`${picture}${
    htmlTable(
      "Memory of the service's process",
      [
        "Variant",
        { right: "Idle" },
        { right: "After a burst" },
        { right: "Peak" },
        { right: "Memory floor" },
      ],
      report.variants.map(({ name, memoryBytes, memoryFloorBytes }) => [
        name,
        bytesText(memoryBytes?.idle),
        bytesText(memoryBytes?.loaded),
        bytesText(memoryBytes?.peak),
        bytesText(memoryFloorBytes),
      ]),
    )
  }`;
}

/** Renders what an intruder could use. */
export function htmlSurface({ variants }: Report): Markup {
  if (variants.length === 0) return NOTHING;
  const next = secretsNext(variants);
  return markup`<p>What an intruder could use. The less there is, the less a hole in the service is worth.</p>
${
    htmlTable(
      "Surface of every image",
      ["What", ...variants.map(({ name }) => name)],
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
  }${next && markup`<p>${next}.</p>`}`;
}

/** Renders what the figures mean, where they are from and what is missing. */
export function htmlMethod(report: Report): Markup {
  const { variants, engine, bases, baseline } = report;
  if (variants.length === 0) return NOTHING;
  const notes = variants.flatMap(({ name, notes = [] }) =>
    notes.map((note) => markup`<li>${name}: ${note}</li>\n`)
  );
  return markup`<dl>
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
  }`;
}
