/**
 * The report as a comment for a pull request: the comparison and what needs
 * attention in sight, all else folded. @module
 */
import { printable } from "../lib/format.ts";
import {
  type Block,
  type Inline,
  isMark,
  linesIn,
  type Look,
  type Remark,
  type Table,
} from "./document.ts";
import { sectionsOf } from "./report_document.ts";
import type { Report } from "./report_schema.ts";
import { clip } from "./text_width.ts";
import { markdownTable } from "markdown-table";

/** GitHub refuses comments of more than 65,536 characters. */
const LONGEST = 60_000;

/** Renders a report as GitHub Markdown, in 60,000 characters at most. */
export function markdown(report: Report): string {
  const shown = sectionsOf(report, [
    "headline",
    "verdict",
    "images",
    "lead",
    "sizes",
    "origin",
    "problems",
    "notes",
    "growth",
  ]).map(({ id, blocks }) =>
    id === "headline" ? `### ${written(blocks)}` : written(blocks)
  );
  const folded = sectionsOf(report, [
    "layers",
    "waste",
    "start",
    "memory",
    "binary",
    "surface",
    "budget",
  ]).map(({ title, blocks }) =>
    `<details>\n<summary>${title}</summary>\n\n${written(blocks)}\n\n</details>`
  );
  const parts = [...shown, ...folded];
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

/** Blocks with an empty line between them, without pictures and their headings. */
function written(blocks: Block[]): string {
  return blocks.flatMap((block) => {
    if ("text" in block) return inline(block.text, LONG);
    if ("remarks" in block) return block.remarks.map(told).join("\n");
    return "table" in block ? tableOf(block.table) : [];
  }).join("\n\n");
}

const SYMBOLS: Partial<Record<Remark["word"], string>> = {
  FAIL: "❌",
  FOUND: "⚠️",
  SKIP: "⏭️ skipped:",
};

function told({ word, text, output = "", next }: Remark): string {
  const lines = output.trimEnd().split("\n");
  const said = lines.length > 1
    ? `\n\n${fenced(lines.slice(-20))}\n`
    : output !== "" && ` – ${code(output, 300)}`;
  return [
    `- ${SYMBOLS[word] ?? `${word.toLowerCase()}:`} ${inline(text, LONG)}`,
    said,
    next !== undefined && `\n  Next: ${code(next, LONG)}`,
  ].filter((part) => part !== false).join("");
}

/** A table; its cells are figures, or code spans. */
function tableOf({ caption, columns, more, joins }: Table): string {
  const rows = [
    columns.map(({ title }) => inline(title, 40)),
    ...columns[0].cells.map((_, row) =>
      columns.map(({ cells }) => inline(cells[row] ?? "–", 120))
    ),
  ];
  // A bar ends a cell even inside a code span.
  const safe = rows.map((row) =>
    row.map((cell) => cell.replaceAll("|", "\\|"))
  );
  const align = columns.map(({ right }) => right ? "r" : "l");
  return [
    ...joins ? [] : [`**${inline(caption, 40)}**`],
    markdownTable(safe, { align }),
    ...more > 0 ? [`and ${more} more`] : [],
  ].join("\n\n");
}

/** Characters of a code span in a sentence. */
const LONG = 2000;

const LOOKS: Record<Look, (of: string, most: number) => string> = {
  name: code,
  code,
  good: (of) => `✅ ${of}`,
  bad: (of) => `❌ ${of}`,
  strong: (of) => `**${of}**`,
};

/** Text with its marks; of others' words, so many characters are shown. */
function inline(text: Inline, most: number): string {
  if (text === undefined || text === false) return "";
  if (typeof text === "string") return text;
  if (!isMark(text)) return text.map((each) => inline(each, most)).join("");
  if (text.as !== "lines") return LOOKS[text.as](inline(text.of, most), most);
  return linesIn(text).map((line) => inline(line, most)).join("<br>");
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

/** A fenced block of several lines. */
function fenced(of: string[]): string {
  const lines = of.map(printable).join("\n");
  const fence = "`".repeat(Math.max(2, longestFence(lines)) + 1);
  return `${fence}text\n${lines}\n${fence}`;
}

/** How many backticks follow each other in a text. */
function longestFence(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}
