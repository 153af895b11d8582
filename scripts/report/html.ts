/**
 * The report as one page: no network, no script. What fails comes before where
 * the bytes are, what the figures mean comes last.
 *
 * @module
 */
import type { Report } from "./report_schema.ts";
import { headline } from "./headline.ts";
import {
  htmlContents,
  htmlLayers,
  htmlPrograms,
  htmlWaste,
} from "./html_inside.ts";
import {
  htmlMemory,
  htmlMethod,
  htmlStart,
  htmlSurface,
} from "./html_measured.ts";
import {
  htmlBudget,
  htmlChecks,
  htmlGrowth,
  htmlProblems,
} from "./html_problems.ts";
import { htmlHeader, htmlSizes } from "./html_summary.ts";
import { Markup, markup, NOTHING } from "./markup.ts";

/** The page may show itself and nothing else, whatever it was made to contain. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Sections of the page, with the words that lead to them. */
const SECTIONS: [string, string, (report: Report) => Markup][] = [
  ["sizes", "Sizes", htmlSizes],
  ["problems", "What failed", htmlProblems],
  ["growth", "Growth", htmlGrowth],
  ["layers", "Layers", htmlLayers],
  ["contents", "Contents", htmlContents],
  ["binary", "Binary", htmlPrograms],
  ["waste", "Waste", htmlWaste],
  ["start", "Start", htmlStart],
  ["memory", "Memory", htmlMemory],
  ["surface", "Surface", htmlSurface],
  ["checks", "Checks", htmlChecks],
  ["budget", "Budget", htmlBudget],
  ["method", "Method", htmlMethod],
];

/**
 * Renders a report as an HTML page.
 *
 * @param report The report.
 * @returns A document that needs nothing beside it.
 */
export function html(report: Report): string {
  const sections = SECTIONS
    .map(([id, word, render]) => ({ id, word, content: render(report) }))
    .filter(({ content }) => content.text !== "");
  const contents = sections.length === 0
    ? NOTHING
    : markup`<nav aria-label="Contents">
<ul>${
      sections.map(({ id, word }) =>
        markup`<li><a href="#${id}">${word}</a></li>`
      )
    }</ul>
</nav>
`;
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${headline(report, (name) => name)}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
${htmlHeader(report, contents)}<main>
${sections.map(({ content }) => content)}</main>
<footer>Every figure is in <code>report.json</code> beside this page.</footer>
</body>
</html>
`.text;
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
.meta { font-size: .875rem; margin: 0; max-width: none; }
.status { list-style: none; padding: 0; margin: 0 0 1.2rem; display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
nav ul { list-style: none; padding: .5rem 2px; margin: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; overflow-x: auto;
  border-block: 1px solid var(--line); font-size: .875rem; white-space: nowrap; }
.lead { font-size: 1.06rem; text-wrap: pretty; }
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
svg .best { text-decoration: underline; text-underline-offset: 4px; }
svg .figure { fill: var(--ink); font-weight: 600; }
svg .muted { fill: var(--muted); }
svg .halo { paint-order: stroke; stroke: var(--paper); stroke-width: 5px; stroke-linejoin: round; }
svg .plain-text { font-weight: 400; }
svg .small { font-size: 12px; }
svg .middle { text-anchor: middle; }
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
.grid { stroke: var(--line); } .rule { stroke: var(--line); }
.median { stroke: var(--ink); stroke-width: 2; }
.range { stroke: var(--muted); stroke-width: 2; }
.engine { fill: var(--size); } .process { fill: var(--deploy); } .dot { fill-opacity: .55; }
.idle { fill: var(--size); } .loaded { fill: var(--paper); stroke: var(--size); stroke-width: 2; }
.floor { fill: var(--deploy); }
.whole { white-space: nowrap; }
.key { display: inline-block; vertical-align: -2px; }
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
tbody th code { font-weight: 400; }
td code, th code { overflow-wrap: anywhere; }
td:has(code), th:has(code), .text { min-width: 9.5rem; max-width: 30rem; }
.number { text-align: right; white-space: nowrap; padding-right: 1.5rem; }
.number:first-child { width: 1%; }
.short { white-space: nowrap; }
pre { overflow-x: auto; padding: .7rem .9rem; border: 1px solid var(--line); border-radius: 4px; margin: .4rem 0 1rem;
  line-height: 1.45; }
.problem { border-left: 3px solid var(--bad); padding-left: .9rem; margin: 0 0 1.2rem; }
.problem p { margin: 0 0 .3em; }
ul.plain-list { padding-left: 1.1rem; margin: 0 0 1rem; }
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
  rect, circle, path, .swatch { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
