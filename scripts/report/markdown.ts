/**
 * The report as a comment for a pull request: the comparison and what needs
 * attention in sight, all else folded.
 *
 * @module
 */
import type { Distribution, Report, Variant } from "./report_schema.ts";
import { images, verdict } from "./verdict.ts";
import {
  comparedFigures,
  failedIn,
  type Figure,
  isNumber,
  textOf,
} from "./figures.ts";
import { headline, largestPart, verdictOfSmallest } from "./headline.ts";
import {
  changeText,
  sameChecks,
  sameFailures,
  skipped,
  verdictFigures,
} from "./problems.ts";
import {
  formatBytes,
  formatDuration,
  formatShare,
  printable,
} from "../lib/format.ts";
import {
  bytesText,
  nextDeployText,
  programParts,
  programs,
  secretsNext,
  surfaceRows,
} from "./shared_rows.ts";
import { clip } from "./text_width.ts";
import { markdownTable } from "markdown-table";

/** GitHub refuses comments of more than 65,536 characters. */
const LONGEST = 60_000;

/**
 * Renders a report as GitHub Markdown.
 *
 * @returns Text of 60,000 characters at most, ending in a newline.
 */
export function markdown(report: Report): string {
  const parts = [
    `### ${headline(report, code)}`,
    ending(report),
    insight(report),
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
  const found = images(report);
  return [
    ...result === undefined
      ? []
      : [`${result.holds ? "✅" : "❌"} ${code(result.text, 400)}`],
    ...found?.run === undefined ? [] : [`Run one: ${code(found.run)}`],
  ].join("  \n");
}

function insight(report: Report): string {
  const verdict = verdictOfSmallest(report, code);
  const part = largestPart(report);
  if (part === undefined) return verdict;
  const { share, variant, bytes, name, named, others } = part;
  return `${verdict === "" ? "" : `${verdict} `}${share} of ${
    code(variant)
  } (${bytes}) is ${[named ? name : code(name), ...others].join(", ")}.`;
}

/** A table for each group of figures: one for all would be too wide. */
function comparison(report: Report): string {
  return comparedFigures(report).map(([, figures]) =>
    mdTable(
      ["Variant", ...figures.map((figure) => heading(figure, report))],
      report.variants.map((variant) => [
        code(variant.name),
        ...figures.map((figure) => comparedCell(figure, variant, report)),
      ]),
      figures.reduce((l, figure) => l + (isNumber(figure) ? "r" : "l"), "l"),
    )
  ).join("\n\n");
}

function heading({ id, title }: Figure, { baseline }: Report): string {
  return id === "ratio" ? `vs ${code(baseline, 40)}` : title;
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
    const deno = bases.deno ? `, Deno ${code(bases.deno)}` : "";
    parts.push(
      `bases from ${bases.source}: ${code(bases.builder)} and ${
        code(bases.runtime)
      }${deno}`,
    );
  }
  return parts.length === 0 ? "" : `Measured with ${parts.join("; ")}.`;
}

function failures(report: Report): string {
  return sameFailures(report).flatMap(([failure, names]) => [
    `❌ ${codes(names)} could not be built`,
    block([failure.message, ...tail(failure.output ?? "", 20)].join("\n")),
    ...failure.next === undefined ? [] : [`Next: ${code(failure.next, 500)}`],
  ]).join("\n\n");
}

function failedChecks(report: Report): string {
  const failed = sameChecks(report).map(([check, names]) =>
    `- ❌ ${codes(names)}, ${check.kind}: ${code(check.name)}${
      check.detail === undefined ? "" : ` – ${code(check.detail, 300)}`
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
  const icon = { pass: "✅ PASS", fail: "❌ FAIL", skip: "⏭️ SKIP" };
  const rows = budgets.map((verdict) => {
    const { actual, limit } = verdictFigures(verdict);
    return [
      icon[verdict.status],
      code(verdict.variant),
      code(verdict.rule),
      actual,
      limit,
      verdict.detail === undefined ? "" : code(verdict.detail),
    ];
  });
  const head = ["Budget", "Variant", "Rule", "Actual", "Limit", "Detail"];
  // Without details the column would be empty throughout.
  const columns = rows.some((row) => row[5] !== "") ? 6 : 5;
  return mdTable(
    head.slice(0, columns),
    rows.map((row) => row.slice(0, columns)),
    "lllrrl".slice(0, columns),
  );
}

function growth({ growth = [] }: Report): string {
  return growth.flatMap((variant) => {
    const why = [...variant.layers, ...variant.paths, ...variant.packages];
    const pull = variant.pull ? `; pull ${changeText(variant.pull)}` : "";
    return [
      `**Since the earlier report**, ${code(variant.variant)}: ${
        changeText(variant.size)
      }${pull}`,
      ...why.length === 0 ? [] : [
        mdTable(
          ["What", "Change"],
          why.map((change) => [code(change.name), changeText(change)]),
          "ll",
        ),
      ],
    ];
  }).join("\n\n");
}

function tail(text: string, count: number): string[] {
  return text === "" ? [] : text.trimEnd().split("\n").slice(-count);
}

/** Rows of one table; a comment is no place for a thousand packages. */
const LISTED = 25;

/** The folded parts; those without content are empty. */
function details(report: Report): string[] {
  const parts: [string, (variant: Variant) => string][] = [
    ["Layers", layers],
    ["Waste, and what to change", waste],
    ["Start and memory", measured],
  ];
  return [
    ...parts.map(([title, render]) =>
      folded(
        title,
        paragraphs(report.variants.map((variant) => {
          const content = render(variant);
          return content && `**${code(variant.name)}**\n\n${content}`;
        })),
      )
    ),
    folded("What is in the binary", binaries(report)),
    folded("Surface", surface(report)),
    folded("What was not measured, and why", notes(report)),
  ];
}

function layers({ layers, sizeBytes }: Variant): string {
  return listed(
    layers,
    ["Size", "Share", "Pull", "Next deploy", "Instruction"],
    (layer) => [
      formatBytes(layer.sizeBytes),
      formatShare(layer.sizeBytes, sizeBytes),
      bytesText(layer.gzipBytes),
      nextDeployText(layer),
      code(layer.instruction),
    ],
    "rrrll",
  );
}

function waste({ wasted }: Variant): string {
  return listed(
    wasted,
    ["Bytes", "Path", "Layer", "What happened", "Advice"],
    (item) => [
      formatBytes(item.bytes),
      code(item.path),
      String(item.writtenBy + 1),
      `${item.how} by layer ${item.coveredBy + 1}`,
      code(item.advice, 200),
    ],
    "rlrll",
  );
}

function binaries(report: Report): string {
  return paragraphs(
    programs(report).flatMap(({ program, variants }) => {
      const { bytes, runtimeBytes, applicationBytes, deno } = program;
      const version = deno === undefined ? "" : ` ${code(deno)}`;
      return [
        `${codes(variants)}: ${code(program.path)} is ${
          formatBytes(runtimeBytes)
        } (${
          formatShare(runtimeBytes, bytes)
        }) the Deno runtime${version} and ${formatBytes(applicationBytes)} (${
          formatShare(applicationBytes, bytes)
        }) the application`,
        listed(
          programParts(program),
          ["Bytes", "Part of the application"],
          (part) => [formatBytes(part.bytes), code(part.name)],
          "rl",
        ),
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
  const bytes = (found: number | undefined) =>
    found === undefined ? undefined : formatBytes(found);
  const rows = [
    ["Start until the first 200", spread(startMs)],
    ["Of it the process", spread(processStartMs)],
    [
      "CPU time of the start",
      cpuMs === undefined ? undefined : formatDuration(cpuMs),
    ],
    ["Memory, idle", bytes(memoryBytes?.idle)],
    ["Memory after a burst", bytes(memoryBytes?.loaded)],
    ["Memory, peak", bytes(memoryBytes?.peak)],
    ["Memory floor", bytes(variant.memoryFloorBytes)],
  ].filter((row): row is string[] => row[1] !== undefined);
  return rows.length === 0 ? "" : mdTable(["Figure", ""], rows, "lr");
}

function surface({ variants }: Report): string {
  if (variants.length === 0) return "";
  const rows = surfaceRows(variants).map(({ title, cells }) => [
    title,
    ...cells.map((cell) => cell.named ? code(cell.text, 80) : cell.text),
  ]);
  const head = ["", ...variants.map(({ name }) => code(name, 40))];
  const next = secretsNext(variants);
  return mdTable(head, rows, "l".repeat(head.length)) +
    (next && `\n\n${next}.`);
}

function notes({ variants }: Report): string {
  return variants.flatMap(({ name, notes = [] }) =>
    notes.map((note) => `- ${code(name)}: ${code(note, 300)}`)
  ).join("\n");
}

/** A table of the first items, and how many are left out. */
function listed<T>(
  items: T[],
  head: string[],
  row: (item: T) => string[],
  align: string,
): string {
  if (items.length === 0) return "";
  const rest = items.length - LISTED;
  const shown = mdTable(head, items.slice(0, LISTED).map(row), align);
  return rest > 0 ? `${shown}\n\nand ${rest} more` : shown;
}

/**
 * A code span.
 *
 * @param text Any text; control characters become escapes.
 * @param most Longer text is shortened: it makes tables unusable.
 */
export function code(text: string, most = 120): string {
  const shown = clip(printable(text), most);
  if (shown.trim() === "") return "–";
  const runs = shown.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(0, ...runs.map((run) => run.length)) + 1);
  // A space at both ends is taken off again when it is rendered.
  const pad = /^[` ]|[` ]$/.test(shown) ? " " : "";
  return `${fence}${pad}${shown}${pad}${fence}`;
}

function codes(names: string[]): string {
  return names.map((name) => code(name)).join(", ");
}

/** A fenced block of several lines. */
function block(text: string): string {
  const lines = text.trimEnd().split("\n").map(printable);
  const runs = lines.join("\n").match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(2, ...runs.map((run) => run.length)) + 1);
  return [`${fence}text`, ...lines, fence].join("\n");
}

/**
 * A table.
 *
 * @param rows Cells: figures, or code spans.
 * @param align `l` or `r` for each column.
 */
function mdTable(
  head: string[],
  rows: string[][],
  align: string,
): string {
  // A bar ends a cell even inside a code span.
  const safe = [head, ...rows].map((row) =>
    row.map((cell) => cell.replaceAll("|", "\\|"))
  );
  return markdownTable(safe, {
    align: [...align],
    alignDelimiters: true,
    padding: true,
  });
}

/** A part that is folded until somebody wants it. */
function folded(summary: string, content: string): string {
  return content &&
    `<details>\n<summary>${summary}</summary>\n\n${content}\n\n</details>`;
}

function paragraphs(parts: string[]): string {
  return parts.filter((part) => part !== "").join("\n\n");
}
