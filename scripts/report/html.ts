/**
 * The report as one page: no network, no script. What fails comes before where
 * the bytes are, what the figures mean comes last. @module
 */
import {
  type Block,
  type Inline,
  isMark,
  linesIn,
  type Look,
  plain,
  type Remark,
  type Table,
} from "./document.ts";
import { Markup, markup, preformatted, type Value } from "./markup.ts";
import { holds } from "./problems.ts";
import { type SectionId, sectionsOf } from "./report_document.ts";
import type { Report } from "./report_schema.ts";
import { headline, serviceOf } from "./verdict.ts";

/** The page may show itself and nothing else, whatever it was made to contain. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Renders a report as an HTML page that needs nothing beside it. */
export function html(report: Report): string {
  const { createdAt } = report;
  const service = serviceOf(report);
  const title = headline(report);
  const blocksOf = (...ids: SectionId[]) =>
    sectionsOf(report, ids).flatMap(({ blocks }) => blocks.map(written));
  const sections = sectionsOf(report).filter(({ title }) => title !== "");
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${!holds(report) && "FAILED: "}${plain(title)}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<div class="meta">
<p>${
    service && markup`<b>${service}</b> · `
  }deno-small-image · <time datetime="${createdAt}">${
    createdAt.slice(0, 16).replace("T", " ")
  } UTC</time></p>
${blocksOf("origin")}</div>
<h1>${inline(title)}</h1>
${blocksOf("verdict", "lead", "counts", "images")}${
    sections.length > 0 &&
    markup`<nav aria-label="Contents">
<ul>${
      sections.map(({ id, title }) =>
        markup`<li><a href="#${id}">${title}</a></li>`
      )
    }</ul>
</nav>
`
  }</header>
<main>
${
    sections.map(({ id, title, blocks }) =>
      markup`<section id="${id}">
<h2>${title}</h2>
${blocks.map(written)}</section>
`
    )
  }</main>
<footer>Every figure is in <code>report.json</code> beside this page.</footer>
</body>
</html>
`.text;
}

function written(block: Block): Markup {
  if ("figure" in block) return block.figure();
  if ("table" in block) return tableOf(block.table);
  if ("text" in block) return markup`<p>${inline(block.text)}</p>\n`;
  if ("heading" in block) return markup`<h3>${inline(block.heading)}</h3>\n`;
  if ("remarks" in block) {
    return markup`<ul class="remarks">
${block.remarks.map(told)}</ul>
`;
  }
  return markup`<dl>
${
    block.terms.map(([title, text]) =>
      markup`<dt>${inline(title)}</dt><dd>${inline(text)}</dd>\n`
    )
  }</dl>
`;
}

function told({ word, text, output = "", next }: Remark): Markup {
  const failed = word === "FAIL";
  return markup`<li${failed && markup` class="problem"`}>${
    failed
      ? markup`<span class="bad">✗</span>`
      : markup`<span class="muted">${word.toLowerCase()}:</span>`
  } ${inline(text)}${
    output !== "" &&
    markup`\n<pre tabindex="0">${preformatted(output)}</pre>`
  }${next !== undefined && markup`\n<p>Next: ${next}</p>`}</li>
`;
}

const LOOKS: Record<Look, (of: Value) => Value> = {
  name: (of) => of,
  code: (of) => markup`<code>${of}</code>`,
  good: (of) => markup`<span class="good">✓\u00a0${of}</span>`,
  bad: (of) => markup`<span class="bad">✗\u00a0${of}</span>`,
  strong: (of) => markup`<b>${of}</b>`,
};

/** Text with its marks, below each other if it is lines. */
function inline(text: Inline): Value {
  if (typeof text !== "object") return text;
  if (!isMark(text)) return text.map(inline);
  if (text.as !== "lines") return LOOKS[text.as](inline(text.of));
  return linesIn(text).map((line, index) => [
    index > 0 && markup`<br>`,
    inline(line),
  ]);
}

/** A table; what each row is of is in its first column of words. */
function tableOf({ caption, columns, more }: Table): Markup {
  const header = columns.findIndex(({ right }) => !right);
  const classed = (...names: (string | false)[]) => {
    const found = names.filter((name) => name !== false).join(" ");
    return found !== "" && markup` class="${found}"`;
  };
  // Sentences get a column that they can be read in.
  const textual = (cell: Inline) => plain(cell).length > 24 && "text";
  return markup`<div class="scroll" role="region" aria-label="${
    plain(caption)
  }" tabindex="0">
<table>
<caption>${inline(caption)}</caption>
<thead><tr>${
    columns.map(({ title, right }) =>
      markup`<th scope="col"${classed(textual(title), right && "number")}>${
        inline(title)
      }</th>`
    )
  }</tr></thead>
<tbody>
${
    columns[0].cells.map((_, row) =>
      markup`<tr>${
        columns.map(({ cells, right }, index) => {
          const cell = cells[row];
          const kind = textual(cell);
          const number = right && "number";
          // Names break at their hyphens unless they are told not to.
          return index === header
            ? markup`<th scope="row"${classed(kind || "short", number)}>${
              inline(cell)
            }</th>`
            : markup`<td${classed(kind, number)}>${inline(cell ?? "–")}</td>`;
        })
      }</tr>
`
    )
  }</tbody>
</table>
</div>
${
    more > 0 &&
    markup`<p class="note">and ${String(more)} more, in report.json</p>\n`
  }`;
}

const LIGHT = `
  --paper: #fcfbf8; --ink: #1d1c1a; --muted: #5e5b55; --line: #dedad1;
  --good: #1f6b3a; --bad: #b3261e; --link: #1f4f8f;
  --size: #35507a; --pull: #7391bb; --deploy: #c8741d;
  --runtime: #c3d3ea; --code: #f3a950; --kept: #cdd8e6; --again: #f3b562; --plain: #dfe6ef;
  --hue0: #dbe3cb; --hue1: #e6d8ea; --hue2: #ecdfc0; --hue3: #cfe4e0; --hue4: #ecd6d0;
  --on: #1d1c1a;
`;

const DARK = `
  --paper: #171614; --ink: #eceae4; --muted: #a8a49b; --line: #3a3834;
  --good: #7fcf98; --bad: #ff9a8f; --link: #9dc0f5;
  --size: #8fb0e0; --pull: #4f6f9f; --deploy: #d9822b;
  --runtime: #2f4569; --code: #8a5413; --kept: #33465f; --again: #8a5413; --plain: #28374a;
  --hue0: #3d4730; --hue1: #4a3a52; --hue2: #4d4226; --hue3: #2a4a46; --hue4: #553a33;
  --on: #f4f2ec;
`;

/** The style sheet of the HTML report. */
export const STYLE = `
:root { color-scheme: light dark;${LIGHT}}
@media (prefers-color-scheme: dark) { :root {${DARK}} }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: anywhere; }
header, main, footer { max-width: 58rem; margin: 0 auto; padding: 0 clamp(10px, 4vw, 1rem); }
header { padding-top: clamp(1.25rem, 5vw, 3rem); }
h1, h2 { font-family: Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, serif;
  font-weight: 600; line-height: 1.15; letter-spacing: -.01em; text-wrap: balance; }
h1 { font-size: clamp(1.6rem, 1.1rem + 2.4vw, 2.5rem); margin: .35em 0 .4em; }
h2 { font-size: 1.55rem; margin: 0 0 .35em; }
h3 { font-size: 1rem; margin: 2rem 0 .25rem; }
p { margin: 0 0 .8em; max-width: 42rem; }
a { color: var(--link); text-underline-offset: .15em; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: .86em; }
.meta, .note, figcaption, .muted { color: var(--muted); }
.meta { font-size: .875rem; } .meta p { margin: 0; max-width: none; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
nav ul { list-style: none; padding: .5rem 2px; margin: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; overflow-x: auto;
  border-block: 1px solid var(--line); font-size: .875rem; white-space: nowrap; }
header > p { font-size: 1.06rem; text-wrap: pretty; }
.remarks { list-style: none; padding: 0; margin: 0 0 1rem; }
.remarks > li { margin-bottom: .3rem; }
.note { font-size: .875rem; }
section { padding-top: 2.4rem; }
section:first-child { padding-top: 1.4rem; }
footer { padding-block: 3rem 4rem; font-size: .875rem; color: var(--muted); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }

figure { margin: 1rem 0 1.2rem; }
figcaption { font-size: .875rem; margin-top: .5rem; max-width: 42rem; }
figure > svg { display: block; width: 100%; height: auto; }
svg { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
svg text { fill: var(--ink); font-variant-numeric: tabular-nums; white-space: pre; }
svg .name { font-weight: 600; font-size: 14px; }
svg .figure { fill: var(--ink); font-weight: 600; }
svg .muted { fill: var(--muted); }
svg .halo { paint-order: stroke; stroke: var(--paper); stroke-width: 5px; stroke-linejoin: round; }
svg .small { font-size: 12px; }
svg .on { fill: var(--on); }
.narrow { display: none !important; }
@media (max-width: 43rem) {
  .wide { display: none !important; }
  figure > .narrow { display: block !important; max-width: 30rem; }
  nav ul { flex-wrap: nowrap; }
}
.size { fill: var(--size); } .pull { fill: var(--pull); } .deploy { fill: var(--deploy); }
.runtime { fill: var(--runtime); } .code { fill: var(--code); }
.kept { fill: var(--kept); } .again { fill: var(--again); } .plain { fill: var(--plain); }
.hue0 { fill: var(--hue0); } .hue1 { fill: var(--hue1); } .hue2 { fill: var(--hue2); }
.hue3 { fill: var(--hue3); } .hue4 { fill: var(--hue4); }
.rule { stroke: var(--line); }
.median { stroke: var(--ink); stroke-width: 2; }
.dot { fill-opacity: .55; }
.swatch { display: inline-block; width: .8em; height: .8em; border-radius: 2px; vertical-align: -1px; }
.swatch.runtime { background: var(--runtime); } .swatch.code { background: var(--code); }
.swatch.kept { background: var(--kept); } .swatch.again { background: var(--again); }

/* Shadows at the edges, covered by the paper where there is nothing more to see. */
.scroll { overflow-x: auto; margin: .6rem 0 1.4rem;
  background: linear-gradient(to right, var(--paper) 40%, transparent) 0 0 / 40px 100% no-repeat local,
    linear-gradient(to left, var(--paper) 40%, transparent) 100% 0 / 40px 100% no-repeat local,
    linear-gradient(to right, var(--line), transparent) 0 0 / 12px 100% no-repeat scroll,
    linear-gradient(to left, var(--line), transparent) 100% 0 / 12px 100% no-repeat scroll; }
table { border-collapse: collapse; font-size: .9rem; min-width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); font-size: .875rem; padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .32rem .9rem .32rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: normal; }
th:last-child, td:last-child { padding-right: 0; }
thead th { font-weight: 500; color: var(--muted); font-size: .8125rem; white-space: nowrap; vertical-align: bottom; }
tbody th { font-weight: 600; overflow-wrap: anywhere; }
thead th.text { white-space: normal; overflow-wrap: anywhere; }
tbody th code, tbody th:has(br) { font-weight: 400; }
td code, th code { overflow-wrap: anywhere; }
td:has(code), th:has(code), .text { min-width: 9.5rem; max-width: 30rem; }
.number { text-align: right; white-space: nowrap; padding-right: 1.5rem; }
.number:first-child { width: 1%; }
.short { white-space: nowrap; }
pre { overflow-x: auto; padding: .7rem .9rem; border: 1px solid var(--line); border-radius: 4px; margin: .4rem 0 1rem;
  line-height: 1.45; }
.remarks > .problem { border-left: 3px solid var(--bad); padding-left: .9rem; margin-bottom: 1.2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1rem; font-size: .925rem; margin: 0; }
dt { font-weight: 600; } dd { margin: 0; color: var(--muted); }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }

@media print {
  :root {${LIGHT}}
  @page { margin: 15mm; }
  body { font-size: 10.5pt; }
  nav { display: none; }
  figure, tr, .problem { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  section { padding-top: 1.4rem; }
  .scroll { overflow: visible; background: none; }
  rect, circle, .swatch { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
