/**
 * The report as a document, once for all who write it down: each section, from
 * the first sentence to how it was measured. @module
 */
import { formatBytes, formatDuration, formatShare } from "../lib/format.ts";
import {
  chartLayers,
  chartMemory,
  chartSamples,
  chartSizes,
  chartTreemap,
} from "./chart.ts";
import {
  bad,
  type Block,
  coded,
  type ColumnOf,
  good,
  type Inline,
  lines,
  listed,
  named,
  type Remark,
  strong,
  table,
} from "./document.ts";
import {
  columnOf,
  comparedFigures,
  FIGURES,
  plural,
  smallestOf,
  tally,
  textOf,
} from "./figures.ts";
import {
  applicationText,
  filledLeaves,
  filledTree,
  programParts,
} from "./filled_tree.ts";
import {
  alike,
  changeText,
  checksOf,
  holds,
  notes,
  problems,
  verdictFigures,
} from "./problems.ts";
import { CHECK_KINDS, CHECK_LISTS } from "./check_kinds.ts";
import type { Check, Report } from "./report_schema.ts";
import { surfaceTable } from "./surface_table.ts";
import {
  headline,
  images,
  insight,
  verdict,
  verdictOfSmallest,
} from "./verdict.ts";

/** Rows of a list that may be endless. */
const LISTED = 25;

/** Each section with its heading, if it has one, in the order of the HTML page. */
const SECTIONS = {
  headline: ["", (report) => [{ text: headline(report) }]],
  lead: ["", lead],
  origin: ["", origin],
  verdict: ["", ending],
  images: ["", (report) => remarked(images(report))],
  counts: ["", (report) => remarked(counts(report))],
  sizes: ["Sizes", sizes],
  problems: ["What failed", (report) => remarked(problems(report))],
  notes: ["Found, skipped, not measured", (report) => remarked(notes(report))],
  growth: ["Growth", growth],
  layers: ["Layers", layers],
  contents: ["What fills each image", contents],
  binary: ["What is in the binary", programs],
  waste: ["Waste, and what to change", waste],
  start: ["Start", start],
  memory: ["Memory", memory],
  surface: ["Surface", ({ variants }) => surfaceTable(variants)],
  checks: ["Checks", checks],
  budget: ["Budget", budget],
  method: ["How this was measured", method],
} satisfies Record<string, [string, (report: Report) => Block[]]>;

export type SectionId = keyof typeof SECTIONS;

const ALL = Object.keys(SECTIONS) as SectionId[];

/** Those of some sections that tell something; a picture alone does not. */
export function sectionsOf(report: Report, ids: readonly SectionId[] = ALL) {
  return ids.map((id) => {
    const [title, blocks] = SECTIONS[id];
    return { id, title, blocks: blocks(report) };
  }).filter(({ blocks }) => blocks.some((block) => !("figure" in block)));
}

/** Whether the smallest works, and where its bytes are. */
function lead(report: Report): Block[] {
  const found = [verdictOfSmallest(report), insight(report)]
    .filter((sentence) => sentence !== undefined);
  return found.length === 0 ? [] : [{ text: lines(found) }];
}

/** Which engine and which bases the figures come from. */
function origin({ engine, bases }: Report): Block[] {
  const parts: Inline[] = [];
  if (engine) parts.push(named(`${engine.name} ${engine.version}`));
  if (bases) {
    const { source, system, builder, runtime, deno } = bases;
    if (deno !== undefined) parts.push(["Deno ", named(deno)]);
    parts.push([
      `bases from ${source}`,
      system !== undefined && [" (", named(system), ")"],
      ": ",
      named(builder),
      " and ",
      named(runtime),
    ]);
  }
  return parts.length === 0
    ? []
    : [{ text: ["Measured with ", listed(parts)] }];
}

function ending(report: Report): Block[] {
  const text = verdict(report);
  const look = holds(report) ? good : bad;
  return text === undefined ? [] : [{ text: look([named(text)]) }];
}

/** How many checks of each kind hold, and how many limits. */
function counts({ variants, budgets }: Report): Remark[] {
  const held = (
    word: Remark["word"],
    items: Pick<Check, "status">[],
    kinds?: string,
  ): Remark[] => {
    const of = (wanted: Check["status"]) =>
      items.filter(({ status }) => status === wanted).length;
    const made = items.length - of("skip");
    if (made === 0) return [];
    const text = `${of("pass")} of ${made} hold`;
    const skipped = of("skip") > 0 && ` (${of("skip")} skipped)`;
    const look = of("fail") > 0 ? bad : good;
    return [{ word, text: [look(text), skipped, kinds] }];
  };
  const checks = variants.flatMap(checksOf);
  const kinds = CHECK_KINDS.flatMap(({ id, title }) => {
    const found = tally(checks.filter(({ kind }) => kind === id));
    const [passed, made] = found?.split("/") ?? [];
    return found ? [`${title} ${passed === made ? made : found}`] : [];
  });
  return [
    ...held("CHECKS", checks, `: ${kinds.join(", ")}`),
    ...held("BUDGET", budgets),
  ];
}

function sizes(report: Report): Block[] {
  const smallest = smallestOf(report.variants);
  const tables = comparedFigures(report).flatMap(({ caption, figures }) =>
    table(caption, report.variants, [
      ["Variant", (variant) => {
        const name = named(variant.name);
        return variant === smallest ? strong(name) : name;
      }],
      ...figures.map((figure) => columnOf(figure, report)),
    ], { joins: true })
  );
  return [{ figure: () => chartSizes(report) }, ...tables];
}

/** What became larger or smaller since an earlier report. */
function growth({ growth = [] }: Report): Block[] {
  return growth.flatMap(({ variant, size, pull, layers, paths, packages }) => {
    const changes = [...layers, ...paths, ...packages].map((change) => ({
      ...change,
      what: coded(change.name),
    }));
    return table([named(variant), " since the earlier report"], [
      { ...size, what: "Size" },
      ...pull ? [{ ...pull, what: "Pull" }] : [],
      ...changes,
    ], [
      ["What", ({ what }) => what],
      ["Change", changeText],
    ]);
  });
}

function layers({ variants }: Report): Block[] {
  const some = variants.filter(({ layers }) => layers.length > 0);
  const tables = some.flatMap(({ name, layers, sizeBytes }) => {
    // Images may have hundreds of layers; the largest are shown.
    const largest = layers.toSorted((a, b) => b.sizeBytes - a.sizeBytes)
      .slice(0, LISTED);
    const shown = layers.filter((layer) => largest.includes(layer));
    return table(
      [
        named(name),
        `: ${formatBytes(sizeBytes)} in ${plural(layers.length, "layer")}`,
      ],
      shown,
      [
        ["Layer", (layer) => String(layers.indexOf(layer) + 1)],
        ["Size", (layer) => formatBytes(layer.sizeBytes), "right"],
        ["Share", (layer) => formatShare(layer.sizeBytes, sizeBytes), "right"],
        ["Pull", ({ gzipBytes }) => bytesText(gzipBytes), "right"],
        ["Next deploy", ({ pulledAgain, shared }) => {
          if (pulledAgain === undefined) return undefined;
          return pulledAgain ? "again" : shared ? "kept, shared" : "kept";
        }],
        ["Instruction", instructionOf],
      ],
      { all: layers.length },
    );
  });
  return [{ figure: () => chartLayers(some) }, ...tables];
}

function contents({ variants }: Report): Block[] {
  const filled = variants.filter(({ contents }) => contents.bytes > 0);
  return filled.flatMap((variant) => {
    const { name, rootfs, contents: { bytes: whole } } = variant;
    const leaves = filledLeaves(filledTree(variant));
    const files = rootfs.files.toLocaleString("en");
    return [
      { heading: [named(name), `: ${formatBytes(whole)} in ${files} files`] },
      { figure: () => chartTreemap(variant, filled) },
      ...table(["The largest parts of ", named(name)], leaves, [
        ...shareColumns(whole),
        ["Path", ({ path }) => coded(path)],
      ], { most: 12 }),
    ];
  });
}

/** The programs that differ by more than their path. */
function programs({ variants }: Report): Block[] {
  const found = variants.flatMap(({ name, program }) =>
    program ? [{ name, program }] : []
  );
  return alike(found, ({ program }) => ({ ...program, path: "" }))
    .flatMap((same) => {
      const [{ program }] = same;
      const { bytes: whole, deno, v8, runtimePath } = program;
      const where = listed(same.map(({ name }) => named(name)));
      const part = (bytes: number) =>
        `${formatBytes(bytes)} (${formatShare(bytes, whole)})`;
      return [
        {
          text: [
            where,
            ": ",
            coded(program.path),
            ` is ${part(program.runtimeBytes)} the Deno runtime`,
            deno !== undefined && [" ", named(deno)],
            v8 !== undefined && [" with V8 ", named(v8)],
            runtimePath !== undefined && [" in ", coded(runtimePath)],
            ` and ${part(program.applicationBytes)} ${
              applicationText(program)
            }`,
          ],
        },
        ...table(["In the binary of ", where], programParts(program), [
          ...shareColumns(whole),
          ["Module or package", ({ name }) => coded(name)],
        ], { most: LISTED }),
      ];
    });
}

const HAPPENED = {
  overwritten: "overwritten",
  deleted: "deleted",
  metadata: "copied again for its mode, owner or time",
};

/** What was written for nothing, and what to change. */
function waste({ variants }: Report): Block[] {
  const clean = variants.filter(({ wasteBytes }) => wasteBytes === 0)
    .map(({ name }) => named(name));
  const tables = variants.flatMap(({ name, wasted, wasteBytes, layers }) =>
    table([named(name), ` wastes ${formatBytes(wasteBytes)}`], wasted, [
      ["Bytes", ({ bytes }) => formatBytes(bytes), "right"],
      ["Path, and what to change", (item) => {
        const { path, files, how, coveredBy, writtenBy, advice } = item;
        const by = layers[coveredBy];
        return lines([
          files === undefined
            ? coded(path)
            : [coded(path), ` (${files} files)`],
          [
            `${HAPPENED[how]} by layer ${coveredBy + 1}`,
            by && [" (", instructionOf(by), ")"],
            `, written by layer ${writtenBy + 1}`,
          ],
          [named(advice)],
        ]);
      }],
    ], { most: LISTED })
  );
  if (clean.length === 0) return tables;
  return [{
    text: [
      "Nothing is wasted in ",
      listed(clean),
      ": no layer replaces or deletes a file of another.",
    ],
  }, ...tables];
}

function start(report: Report): Block[] {
  return [
    { figure: () => chartSamples(report) },
    ...table("Starts: median, 95th percentile and CPU time", report.variants, [
      ["Variant", ({ name }) => named(name)],
      ["Container", (v) => duration(v.startMs?.median), "right"],
      ["p95", (v) => duration(v.startMs?.p95), "right"],
      ["Process", (v) => duration(v.processStartMs?.median), "right"],
      ["p95", (v) => duration(v.processStartMs?.p95), "right"],
      ["CPU time", ({ cpuMs }) => duration(cpuMs), "right"],
      [
        "Runs",
        (v) => (v.startMs ?? v.processStartMs)?.runs.toString(),
        "right",
      ],
    ]),
  ];
}

function memory(report: Report): Block[] {
  return [
    { figure: () => chartMemory(report) },
    ...table("Memory of the service's process", report.variants, [
      ["Variant", ({ name }) => named(name)],
      ["Idle", (v) => bytesText(v.memoryBytes?.idle), "right"],
      ["After a burst", (v) => bytesText(v.memoryBytes?.loaded), "right"],
      ["Peak", (v) => bytesText(v.memoryBytes?.peak), "right"],
      ["Memory floor", (v) => bytesText(v.memoryFloorBytes), "right"],
    ]),
  ];
}

const LIST_TITLES = {
  contract: "The contract: what every running image must answer",
  hardening: "Hardening: what it must survive",
  reproducible: "Reproducible: what a second build made the same",
};

/** Every check that was made, of every variant. */
function checks({ variants }: Report): Block[] {
  return CHECK_LISTS.flatMap((list) => {
    const all = variants.flatMap((variant) => variant[list] ?? []);
    const names = [...new Set(all.map(({ name }) => name))];
    return table(LIST_TITLES[list], names, [
      ["Check", (name) => named(name)],
      ...variants.map((variant): ColumnOf<string> => [
        named(variant.name),
        (name) =>
          statusText(variant[list]?.find((check) => check.name === name)),
      ]),
    ]);
  });
}

function budget({ budgets }: Report): Block[] {
  return table("Limits, and how they are kept", budgets, [
    ["Variant", ({ variant }) => named(variant)],
    ["Rule", ({ rule }) => named(rule)],
    ["Verdict", statusText],
    ["Actual", (verdict) => verdictFigures(verdict).actual, "right"],
    ["Limit", (verdict) => verdictFigures(verdict).limit, "right"],
    ["Detail", ({ detail }) => detail && named(detail)],
  ]);
}

function statusText(check: Pick<Check, "status"> | undefined): Inline {
  if (check === undefined) return undefined;
  const { status } = check;
  return status === "pass"
    ? good(status)
    : status === "fail"
    ? bad(status)
    : status;
}

/** What the figures mean and which images they are of. */
function method(report: Report): Block[] {
  const { variants, baseline, bases } = report;
  if (variants.length === 0) return [];
  const terms: [Inline, Inline][] = FIGURES.filter((figure) =>
    figure.method !== undefined &&
    variants.some((variant) => textOf(figure, variant, report) !== undefined)
  ).map(({ title, method }) => [title, method]);
  terms.push(["Baseline", named(baseline)]);
  if (bases?.source === "packages") {
    terms.push(["Bases", "sizes on these are not sizes on the public images"]);
  }
  for (const { name, image } of variants) {
    terms.push([named(name), [
      coded(image.id),
      ", ",
      named(image.architecture),
    ]]);
  }
  return [{ terms }];
}

/** Bytes of a part, and which share of the whole they are. */
export function shareColumns(
  whole: number,
): ColumnOf<{ bytes: number }>[] {
  return [
    ["Bytes", ({ bytes }) => formatBytes(bytes), "right"],
    ["Share", ({ bytes }) => formatShare(bytes, whole), "right"],
  ];
}

/** The instruction that made a layer. */
export function instructionOf(
  { instruction }: { instruction: string },
): Inline {
  return instruction === "" ? "(not in the history)" : coded(instruction);
}

function remarked(remarks: Remark[]): Block[] {
  return remarks.length === 0 ? [] : [{ remarks }];
}

function bytesText(bytes: number | undefined): string | undefined {
  return bytes === undefined ? undefined : formatBytes(bytes);
}

function duration(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : formatDuration(milliseconds);
}
