/**
 * The report as a comment for a pull request: the comparison and what needs
 * attention in sight, all else folded.
 *
 * @module
 */
import {
  formatBytes,
  formatDuration,
  formatShare,
  printable,
} from "../lib/format.ts";
import { comparedFigures, failedIn, type Figure, textOf } from "./figures.ts";
import { kindTitle } from "./check_kinds.ts";
import { headline, insight, verdictOfSmallest } from "./headline.ts";
import {
  changeText,
  sameChecks,
  sameFailures,
  skipped,
  verdictFigures,
} from "./problems.ts";
import type {
  Distribution,
  Report,
  Variant,
  Verdict,
} from "./report_schema.ts";
import {
  bytesText,
  layerColumns,
  programParts,
  programs,
  secretsNext,
  type SurfaceRow,
  surfaceRows,
} from "./shared_rows.ts";
import { type Column, joined } from "./table.ts";
import { clip } from "./text_width.ts";
import { images, verdict } from "./verdict.ts";
import { markdownTable } from "markdown-table";

/** GitHub refuses comments of more than 65,536 characters. */
const LONGEST = 60_000;

/** Renders a report as GitHub Markdown, in 60,000 characters at most. */
export function markdown(report: Report): string {
  const parts = [
    `### ${headline(report, code)}`,
    ending(report),
    lead(report),
    comparison(report),
    origin(report),
    failures(report),
    failedChecks(report),
    budget(report),
    growth(report),
    ...details(report),
  ].filter((part) => part !== "");
  let text = "";
  for (const [index, part] of parts.entries()) {
    if (text.length + part.length > LONGEST) {
      const left = parts.length - index;
      return `${text}_${left} more ${
        left === 1 ? "part is" : "parts are"
      } in \`report.json\` and \`index.html\`._\n`;
    }
    text += `${part}\n\n`;
  }
  return text.trimEnd() + "\n";
}

/** The verdict, and where the images are. */
function ending(report: Report): string {
  const result = verdict(report);
  const run = images(report)?.run;
  return [
    result && `${result.holds ? "✅" : "❌"} ${code(result.text, 600)}`,
    run && `Run one: ${code(run, 2000)}`,
  ].filter(Boolean).join("  \n");
}

function lead(report: Report): string {
  const largest = insight(report, code, code).join("");
  return [verdictOfSmallest(report, code), largest && `${largest}.`]
    .filter(Boolean).join(" ");
}

/** A table for each group of figures: one for all would be too wide. */
function comparison(report: Report): string {
  const tables = comparedFigures(report).map(({ figures }) =>
    mdTable(report.variants, [
      ["Variant", ({ name }) => code(name)],
      ...figures.map((figure): Column<Variant> => [
        figure.id === "ratio"
          ? `vs ${code(report.baseline, 40)}`
          : figure.title,
        (variant) => comparedCell(figure, variant, report),
        figure.value && "right",
      ]),
    ])
  );
  return joined(tables);
}

function comparedCell(
  figure: Figure,
  variant: Variant,
  report: Report,
): string {
  const text = textOf(figure, variant, report);
  if (text === undefined) return "–";
  // These repeat what the image says; the others are figures of ours.
  if (["user", "surface"].includes(figure.id) && text !== "none") {
    return code(text);
  }
  const failed = failedIn(figure, variant);
  return failed === undefined ? text : `${failed ? "❌" : "✅"} ${text}`;
}

function origin({ engine, bases }: Report): string {
  const parts: string[] = [];
  if (engine) parts.push(`engine ${code(`${engine.name} ${engine.version}`)}`);
  if (bases) {
    const { source, builder, runtime, deno } = bases;
    parts.push(
      `bases from ${source}: ${code(builder)} and ${code(runtime)}${
        deno ? `, Deno ${code(deno)}` : ""
      }`,
    );
  }
  return parts.length === 0 ? "" : `Measured with ${parts.join("; ")}.`;
}

function failures(report: Report): string {
  return joined(
    sameFailures(report).flatMap(([failure, names]) => {
      const { message, output = "", next } = failure;
      const tail = output.trimEnd().split("\n").slice(-20).join("\n");
      return [
        `❌ ${codes(names)} could not be built`,
        block(output === "" ? message : `${message}\n${tail}`),
        next === undefined ? "" : `Next: ${code(next, 500)}`,
      ];
    }),
  );
}

function failedChecks(report: Report): string {
  const failed = sameChecks(report).map(([{ kind, name, detail }, names]) =>
    `- ❌ ${codes(names)}, ${kindTitle(kind)}: ${code(name)}${
      detail === undefined ? "" : ` – ${code(detail, 300)}`
    }`
  );
  const left = skipped(report).map(({ names, reason, variants }) => {
    const where = variants.length === 0 ? "" : ` of ${codes(variants)}`;
    return `- ⏭️ skipped${where}: ${codes(names)} – ${code(reason, 300)}`;
  });
  return [...failed, ...left].join("\n");
}

function budget({ budgets }: Report): string {
  if (budgets.length === 0) return "";
  const status = { pass: "✅ PASS", fail: "❌ FAIL", skip: "⏭️ SKIP" };
  const columns: Column<Verdict>[] = [
    ["Budget", (verdict) => status[verdict.status]],
    ["Variant", ({ variant }) => code(variant)],
    ["Rule", ({ rule }) => code(rule)],
    ["Actual", (verdict) => verdictFigures(verdict).actual, "right"],
    ["Limit", (verdict) => verdictFigures(verdict).limit, "right"],
  ];
  // Without details the column would be empty throughout.
  if (budgets.some(({ detail }) => detail !== undefined)) {
    columns.push([
      "Detail",
      ({ detail }) => detail === undefined ? "" : code(detail),
    ]);
  }
  return mdTable(budgets, columns);
}

function growth({ growth = [] }: Report): string {
  return joined(growth.flatMap(({ variant, size, pull, ...why }) => [
    `**Since the earlier report**, ${code(variant)}: ${changeText(size)}${
      pull ? `; pull ${changeText(pull)}` : ""
    }`,
    listed([...why.layers, ...why.paths, ...why.packages], [
      ["What", ({ name }) => code(name)],
      ["Change", changeText],
    ], Infinity),
  ]));
}

/** The folded parts; those without content are empty. */
function details(report: Report): string[] {
  const ofEach = (render: (variant: Variant) => string) =>
    joined(report.variants.map((variant) => {
      const content = render(variant);
      return content && `**${code(variant.name)}**\n\n${content}`;
    }));
  const parts = {
    "Layers": ofEach(layers),
    "Waste, and what to change": ofEach(waste),
    "Start and memory": ofEach(measured),
    "What is in the binary": binaries(report),
    "Surface": surface(report),
    "What was not measured, and why": notes(report),
  };
  return Object.entries(parts).map(([summary, content]) =>
    content &&
    `<details>\n<summary>${summary}</summary>\n\n${content}\n\n</details>`
  );
}

function layers(variant: Variant): string {
  return listed(variant.layers, [
    ...layerColumns(variant),
    ["Instruction", ({ instruction }) => code(instruction)],
  ]);
}

function waste({ wasted }: Variant): string {
  return listed(wasted, [
    ["Bytes", (item) => formatBytes(item.bytes), "right"],
    ["Path", (item) => code(item.path)],
    ["Layer", (item) => String(item.writtenBy + 1), "right"],
    ["What happened", (item) => `${item.how} by layer ${item.coveredBy + 1}`],
    ["Advice", (item) => code(item.advice, 200)],
  ]);
}

function binaries(report: Report): string {
  return joined(
    programs(report).flatMap(({ program, variants }) => {
      const { path, bytes, runtimeBytes, applicationBytes, deno } = program;
      const version = deno === undefined ? "" : ` ${code(deno)}`;
      const part = (found: number) =>
        `${formatBytes(found)} (${formatShare(found, bytes)})`;
      return [
        `${codes(variants)}: ${code(path)} is ${
          part(runtimeBytes)
        } the Deno runtime${version} and ${
          part(applicationBytes)
        } the application`,
        listed(programParts(program), [
          ["Bytes", ({ bytes }) => formatBytes(bytes), "right"],
          ["Part of the application", ({ name }) => code(name)],
        ]),
      ];
    }),
  );
}

function measured(variant: Variant): string {
  const { startMs, processStartMs, cpuMs, memoryBytes } = variant;
  const spread = (found: Distribution | undefined) =>
    found &&
    `${formatDuration(found.median)} median, ${
      formatDuration(found.p95)
    } p95 of ${found.runs}`;
  const rows = [
    ["Start until the first 200", spread(startMs)],
    ["Of it the process", spread(processStartMs)],
    [
      "CPU time of the start",
      cpuMs === undefined ? undefined : formatDuration(cpuMs),
    ],
    ["Memory, idle", bytesText(memoryBytes?.idle)],
    ["Memory after a burst", bytesText(memoryBytes?.loaded)],
    ["Memory, peak", bytesText(memoryBytes?.peak)],
    ["Memory floor", bytesText(variant.memoryFloorBytes)],
  ].filter(([, text = "–"]) => text !== "–");
  return listed(rows, [
    ["Figure", ([name = ""]) => name],
    ["", ([, text = ""]) => text, "right"],
  ]);
}

function surface({ variants }: Report): string {
  if (variants.length === 0) return "";
  const next = secretsNext(variants);
  const found = mdTable(surfaceRows(variants), [
    ["", ({ title }) => title],
    ...variants.map(({ name }, index): Column<SurfaceRow> => [
      code(name, 40),
      ({ cells }) => {
        const { text, named } = cells[index];
        return named ? code(text, 80) : text;
      },
    ]),
  ]);
  return next === "" ? found : `${found}\n\n${next}.`;
}

function notes({ variants }: Report): string {
  return variants.flatMap(({ name, notes = [] }) =>
    notes.map((note) => `- ${code(name)}: ${code(note, 300)}`)
  ).join("\n");
}

/**
 * A table of the first items, and how many are left out: a comment is no place for
 * a thousand packages.
 */
function listed<T>(items: T[], columns: Column<T>[], most = 25): string {
  if (items.length === 0) return "";
  const rest = items.length - most;
  const shown = mdTable(items.slice(0, most), columns);
  return rest > 0 ? `${shown}\n\nand ${rest} more` : shown;
}

/** A code span; long text is shortened, since it makes tables unusable. */
export function code(text: string, most = 120): string {
  const shown = clip(printable(text), most);
  if (shown.trim() === "") return "–";
  const fence = "`".repeat(longestFence(shown) + 1);
  // A space at both ends is taken off again when it is rendered.
  const pad = /^[` ]|[` ]$/.test(shown) ? " " : "";
  return `${fence}${pad}${shown}${pad}${fence}`;
}

function codes(names: string[]): string {
  return names.map((name) => code(name)).join(", ");
}

/** A fenced block of several lines. */
function block(text: string): string {
  const lines = text.trimEnd().split("\n").map(printable).join("\n");
  const fence = "`".repeat(Math.max(2, longestFence(lines)) + 1);
  return `${fence}text\n${lines}\n${fence}`;
}

/** How many backticks follow each other in a text. */
function longestFence(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}

/** A table; its cells are figures, or code spans. */
function mdTable<T>(items: T[], columns: Column<T>[]): string {
  const rows = [
    columns.map(([title]) => title),
    ...items.map((item, index) => columns.map(([, cell]) => cell(item, index))),
  ];
  // A bar ends a cell even inside a code span.
  const safe = rows.map((row) =>
    row.map((cell) => cell.replaceAll("|", "\\|"))
  );
  const align = columns.map(([, , side]) => side === "right" ? "r" : "l");
  return markdownTable(safe, { align });
}
