/**
 * Where the bytes are, in the HTML report: layers, contents, waste, and what is
 * in the binary.
 *
 * @module
 */
import { formatBytes, formatShare } from "../lib/format.ts";
import type { Report, Variant } from "./report_schema.ts";
import { chartLayers } from "./chart_sizes.ts";
import {
  chartTreemap,
  filledLeaves,
  filledTree,
  treemapScale,
} from "./chart_treemap.ts";
import {
  firstRows,
  type Heading,
  htmlTable,
  type Markup,
  markup,
  NOTHING,
  type Value,
} from "./markup.ts";
import { programParts, programs } from "./surface_rows.ts";

/** Renders the layers of every variant. */
export function htmlLayers(report: Report): Markup {
  const variants = report.variants.filter(({ layers }) => layers.length > 0);
  if (variants.length === 0) return NOTHING;
  return markup`<section id="layers">
<h2>Layers</h2>
${chartLayers({ ...report, variants })}${variants.map(layerTable)}</section>
`;
}

function layerTable({ name, layers, sizeBytes }: Variant): Markup {
  const compressed = layers.some(({ gzipBytes }) => gzipBytes !== undefined);
  const deployed = layers.some(({ pulledAgain }) => pulledAgain !== undefined);
  return longTable(
    `Layers of ${name}`,
    [
      { title: "Layer", align: "right" },
      { title: "Instruction" },
      { title: "Size", align: "right" },
      { title: "Share", align: "right" },
      ...compressed ? [{ title: "Pull", align: "right" } as const] : [],
      ...deployed ? [{ title: "Next deploy" }] : [],
    ],
    layers.map((layer, index) => [
      index + 1,
      layer.instruction === ""
        ? "not in the history"
        : markup`<code>${layer.instruction}</code>`,
      formatBytes(layer.sizeBytes),
      formatShare(layer.sizeBytes, sizeBytes),
      ...compressed ? [optional(layer.gzipBytes)] : [],
      ...deployed ? [again(layer)] : [],
    ]),
    60,
  );
}

/** Renders what fills every variant. */
export function htmlContents({ variants }: Report): Markup {
  const filled = variants.filter(({ contents }) => contents.bytes > 0);
  if (filled.length === 0) return NOTHING;
  const scale = treemapScale(filled);
  return markup`<section id="contents">
<h2>What fills each image</h2>
${
    filled.map((variant) =>
      markup`<h3>${variant.name}, ${formatBytes(variant.contents.bytes)} in ${
        variant.rootfs.files.toLocaleString("en")
      } files</h3>
${chartTreemap(variant, scale)}${
        longTable(
          `The largest parts of ${variant.name}`,
          [
            { title: "Path" },
            { title: "Bytes", align: "right" },
            { title: "Share", align: "right" },
          ],
          filledLeaves(filledTree(variant)).map(({ path, bytes }) => [
            markup`<code>${path}</code>`,
            formatBytes(bytes),
            formatShare(bytes, variant.contents.bytes),
          ]),
          12,
        )
      }`
    )
  }</section>
`;
}

/** Renders what is in the programs made by deno compile. */
export function htmlPrograms(report: Report): Markup {
  const found = programs(report);
  if (found.length === 0) return NOTHING;
  return markup`<section id="binary">
<h2>What is in the binary</h2>
${
    found.map(({ program, variants }) => {
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
        longTable(
          `The application in the binary of ${where}`,
          [{ title: "Module or package" }, { title: "Bytes", align: "right" }],
          programParts(program).map((part) => [
            markup`<code>${part.name}</code>`,
            formatBytes(part.bytes),
          ]),
          25,
        )
      }`;
    })
  }</section>
`;
}

/** Renders what was written for nothing, and what to change. */
export function htmlWaste({ variants }: Report): Markup {
  const tables = variants.map(({ name, wasted, wasteBytes, layers }) =>
    longTable(
      `${name} wastes ${formatBytes(wasteBytes)}`,
      [
        { title: "Path" },
        { title: "Bytes", align: "right" },
        { title: "What happened" },
        { title: "What to change" },
      ],
      wasted.map((item) => [
        markup`<code>${item.path}</code>${
          item.files !== undefined && ` ${item.files} files`
        }`,
        formatBytes(item.bytes),
        markup`${HAPPENED[item.how]} by layer ${
          item.coveredBy + 1
        }, written by layer ${item.writtenBy + 1}${
          instructionOf(layers[item.coveredBy]?.instruction)
        }`,
        item.advice,
      ]),
      25,
    )
  );
  const clean = variants.filter(({ wasteBytes }) => wasteBytes === 0);
  if (variants.length === 0) return NOTHING;
  return markup`<section id="waste">
<h2>Waste</h2>
${
    clean.length > 0 &&
    markup`<p>Nothing is wasted in ${
      clean.map(({ name }) => name).join(", ")
    }: no layer replaces or deletes a file of another.</p>
`
  }${tables}</section>
`;
}

const HAPPENED = {
  overwritten: "overwritten",
  deleted: "deleted",
  metadata: "copied again for its mode, owner or time",
};

function instructionOf(instruction: string | undefined): Value {
  return instruction ? markup` (<code>${instruction}</code>)` : NOTHING;
}

function longTable(
  caption: string,
  head: Heading[],
  all: Value[][],
  most: number,
): Markup {
  const { rows, more } = firstRows(all, most);
  return markup`${htmlTable(caption, head, rows)}${more}`;
}

function optional(bytes: number | undefined): string {
  return bytes === undefined ? "–" : formatBytes(bytes);
}

function again(
  { pulledAgain, shared }: Variant["layers"][number],
): string {
  if (pulledAgain === undefined) return "–";
  return pulledAgain ? "again" : shared ? "kept, shared" : "kept";
}
