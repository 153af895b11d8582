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
import { STYLE } from "./html_style.ts";
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
