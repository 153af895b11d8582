/**
 * The report as a comment for a pull request: the comparison and what needs
 * attention in sight, all else folded.
 *
 * @module
 */
import type { Report, Variant } from "./report_schema.ts";
import { images, verdict } from "./verdict.ts";
import { alignOf, type Figure, measuredFigures, textOf } from "./figures.ts";
import { headline, largestPart, verdictOfSmallest } from "./headline.ts";
import { block, code, markdownDetails, mdTable } from "./markdown_details.ts";
import {
  changeText,
  checksWith,
  isCheckList,
  sameFailures,
  skipped,
  verdictFigures,
} from "./problems.ts";

/** GitHub refuses comments of more than 65,536 characters. */
const LONGEST = 60_000;

/**
 * Renders a report as GitHub Markdown.
 *
 * @param report The report.
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
    ...markdownDetails(report),
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
    ...found === undefined ? [] : [`Run one: ${code(found.run)}`],
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
  const figures = measuredFigures(report);
  const groups = [...new Set(figures.map(({ group }) => group))];
  return groups.map((group) =>
    comparisonOf(figures.filter((figure) => figure.group === group), report)
  ).join("\n\n");
}

function comparisonOf(figures: Figure[], report: Report): string {
  const rows = report.variants.map((variant) => [
    code(variant.name),
    ...figures.map((figure) => {
      const text = textOf(figure, variant, report);
      if (text === undefined) return "–";
      // These repeat what the image says; the others are figures of ours.
      const foreign = ["user", "surface"].includes(figure.id);
      return foreign && text !== "none"
        ? code(text)
        : mark(text, figure.id, variant);
    }),
  ]);
  const head = figures.map(({ id, title }) =>
    id === "ratio" ? `vs ${code(report.baseline, 40)}` : title
  );
  const align = figures.map((figure) =>
    alignOf(figure) === "right" ? "r" : "l"
  );
  return mdTable(["Variant", ...head], rows, ["l", ...align]);
}

function mark(text: string, id: string, variant: Variant): string {
  if (!isCheckList(id)) return text;
  return variant[id]?.some(({ status }) => status === "fail")
    ? `❌ ${text}`
    : `✅ ${text}`;
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
  return sameFailures(report).map(([failure, names]) =>
    [
      `❌ ${names.map((name) => code(name)).join(", ")} could not be built`,
      block(
        [failure.message, ...tail(failure.output ?? "", 20)].join("\n"),
      ),
      ...failure.next === undefined ? [] : [`Next: ${code(failure.next, 500)}`],
    ].join("\n\n")
  ).join("\n\n");
}

function failedChecks(report: Report): string {
  const failed = checksWith("fail", report).map((check) =>
    `- ❌ ${code(check.variant)}, ${check.kind}: ${code(check.name)}${
      check.detail === undefined ? "" : ` – ${code(check.detail, 300)}`
    }`
  );
  const left = skipped(report).map(({ names, reason, variants }) => {
    const where = variants.length === 0
      ? ""
      : ` of ${variants.map((name) => code(name)).join(", ")}`;
    return `- ⏭️ skipped${where}: ${
      names.map((name) => code(name)).join(", ")
    } – ${code(reason, 300)}`;
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
  const align = ["l", "l", "l", "r", "r", "l"];
  // Without details the column would be empty throughout.
  const columns = rows.some((row) => row[5] !== "") ? 6 : 5;
  return mdTable(
    head.slice(0, columns),
    rows.map((row) => row.slice(0, columns)),
    align,
  );
}

function growth({ growth: found }: Report): string {
  return (found ?? []).map((variant) => {
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
          ["l", "l"],
        ),
      ],
    ].join("\n\n");
  }).join("\n\n");
}

function tail(text: string, count: number): string[] {
  return text === "" ? [] : text.trimEnd().split("\n").slice(-count);
}
