/**
 * The report as one page: no network, no script. What fails comes before where
 * the bytes are, what the figures mean comes last.
 *
 * @module
 */
import { chartSizes } from "./chart.ts";
import {
  CHECK_KINDS,
  CHECK_LISTS,
  type CheckList,
  kindTitle,
} from "./check_kinds.ts";
import {
  comparedFigures,
  failedIn,
  plural,
  textOf,
  titleOf,
} from "./figures.ts";
import { headline, insight, verdictOfSmallest } from "./headline.ts";
import {
  htmlContents,
  htmlLayers,
  htmlMemory,
  htmlMethod,
  htmlPrograms,
  htmlStart,
  htmlSurface,
  htmlWaste,
} from "./html_details.ts";
import {
  coded,
  htmlTable,
  Markup,
  markup,
  NOTHING,
  preformatted,
  type Value,
} from "./markup.ts";
import {
  changeText,
  checksOf,
  failureCounts,
  holds,
  sameChecks,
  sameFailures,
  skipped,
  verdictFigures,
} from "./problems.ts";
import type { Report, Variant } from "./report_schema.ts";
import type { Column } from "./table.ts";
import { images, serviceOf, verdict } from "./verdict.ts";

/** The page may show itself and nothing else, whatever it was made to contain. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Sections of the page: id, the word that leads there, heading, content. */
const SECTIONS: [string, string, string, (report: Report) => Markup][] = [
  ["sizes", "Sizes", "Sizes", sizes],
  ["problems", "What failed", "What failed", problems],
  ["growth", "Growth", "Since the earlier report", growth],
  ["layers", "Layers", "Layers", htmlLayers],
  ["contents", "Contents", "What fills each image", htmlContents],
  ["binary", "Binary", "What is in the binary", htmlPrograms],
  ["waste", "Waste", "Waste", htmlWaste],
  ["start", "Start", "Start", htmlStart],
  ["memory", "Memory", "Memory", htmlMemory],
  ["surface", "Surface", "Surface", htmlSurface],
  ["checks", "Checks", "Does it work", checks],
  ["budget", "Budget", "Budget", budget],
  ["method", "Method", "How this was measured", htmlMethod],
];

/** Renders a report as an HTML page that needs nothing beside it. */
export function html(report: Report): string {
  const sections = SECTIONS.map(([id, word, heading, render]) => ({
    id,
    word,
    heading,
    content: render(report),
  })).filter(({ content }) => content.text !== "");
  const contents = sections.length > 0 &&
    markup`<nav aria-label="Contents">
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
<title>${!holds(report) && "FAILED: "}${headline(report, String)}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
${header(report, contents)}<main>
${
    sections.map(({ id, heading, content }) =>
      markup`<section id="${id}">
<h2>${heading}</h2>
${content}</section>
`
    )
  }</main>
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

/** The first screen: what holds and what fails. */
function header(report: Report, contents: Value): Markup {
  const service = serviceOf(report);
  const result = verdict(report);
  const found = images(report);
  return markup`<header>
<p class="meta">${service && markup`<b>${service}</b> · `}${origin(report)}</p>
<h1>${headline(report, String)}</h1>
${
    result &&
    markup`<p class="${result.holds ? "good" : "bad"}">${result.text}</p>\n`
  }${
    found?.run !== undefined &&
    markup`<p>Run one: <code>${found.run}</code><br>push it: <code>${found.push}</code></p>\n`
  }${lead(report)}${status(report)}${contents}</header>
`;
}

function origin({ createdAt, engine, bases }: Report): Value[] {
  const time = createdAt.slice(0, 16).replace("T", " ");
  return [
    "deno-small-image · ",
    markup`<time datetime="${createdAt}">${time} UTC</time>`,
    engine && ` · ${engine.name} ${engine.version}`,
    bases && ` · bases from ${bases.source}`,
    bases?.deno !== undefined && ` · Deno ${bases.deno}`,
  ];
}

function lead(report: Report): Markup | false {
  const verdict = verdictOfSmallest(report, String);
  const largest = insight(report, String, coded);
  const space = verdict !== "" && largest.length > 0 && " ";
  return (verdict !== "" || largest.length > 0) &&
    markup`<p class="lead">${verdict}${space}${largest}${
      largest.length > 0 && "."
    }</p>\n`;
}

/** One line each on builds, contract, the other kinds of checks and the budget. */
function status(report: Report): Markup | false {
  const { variants, budgets } = report;
  const failed = failureCounts(report);
  const made = (list: CheckList) =>
    variants.filter((variant) =>
      variant[list]?.some(({ status }) => status !== "skip")
    );
  const asked = made("contract");
  const checked = made("hardening");
  const again = made("reproducible");
  const differing = again.filter(({ reproducible }) =>
    reproducible?.some(({ status }) => status === "fail")
  );
  const lines = [
    failed.builds > 0 && bad(`${plural(failed.builds, "build")} failed`),
    asked.length > 0 &&
    (failed.contract > 0
      ? bad(`${plural(failed.contract, "contract check")} failed`)
      : good(`the contract holds in ${every(asked, variants)}`)),
    checked.length > 0 &&
    (failed.hardening > 0
      ? bad(`${plural(failed.hardening, "further check")} failed`)
      : good(`${kindsOf(checked)} hold in ${every(checked, variants)}`)),
    again.length > 0 &&
    (differing.length > 0
      ? bad(`a second build differs in ${every(differing, variants)}`)
      : good(`a second build is the same in ${every(again, variants)}`)),
    budgets.some(({ status }) => status !== "skip") &&
    (failed.budget > 0
      ? bad(`${plural(failed.budget, "budget limit")} exceeded`)
      : good("within the budget")),
  ].filter((line) => line !== false);
  return lines.length > 0 &&
    markup`<ul class="status">${
      lines.map((line) => markup`<li>${line}</li>`)
    }</ul>
`;
}

/** The kinds of checks beside the contract that were made, as words. */
function kindsOf(variants: Variant[]): string {
  const made = variants.flatMap(checksOf)
    .filter(({ list, status }) => list === "hardening" && status !== "skip");
  const kinds = CHECK_KINDS.filter(({ id }) =>
    made.some(({ kind }) => kind === id)
  ).map(({ title }) => title);
  return kinds.length > 1
    ? `${kinds.slice(0, -1).join(", ")} and ${kinds.at(-1)}`
    : kinds[0] ?? "further checks";
}

function good(text: string): Markup {
  return markup`<span class="good">✓ ${text}</span>`;
}

function bad(text: string): Markup {
  return markup`<a class="bad" href="#problems">✗ ${text}</a>`;
}

function every(some: Variant[], all: Variant[]): string {
  if (all.length === 1) return "the one variant";
  return some.length === all.length
    ? `all ${all.length} variants`
    : `${some.length} of ${all.length} variants`;
}

const CAPTIONS = {
  size: "How large, and does it work",
  cost: "What it costs to ship and to run",
  defence: "What is lost, and what an intruder finds",
};

/** The sizes and the comparison. */
function sizes(report: Report): Markup {
  if (report.variants.length === 0) return NOTHING;
  const tables = comparedFigures(report).map(({ table, figures }) =>
    htmlTable(CAPTIONS[table], report.variants, [
      ["Variant", ({ name }) => name],
      ...figures.map((figure): Column<Variant, Value> => [
        titleOf(figure, report),
        (variant) => {
          const text = textOf(figure, variant, report);
          const failed = failedIn(figure, variant);
          return text === undefined || failed === undefined
            ? text
            : marked(!failed, text);
        },
        figure.value && "right",
      ]),
    ])
  );
  return markup`${chartSizes(report)}${tables}`;
}

/** Builds, checks and limits that failed; nothing when none did. */
function problems(report: Report): Markup {
  const builds = sameFailures(report).map(([failure, names]) => {
    const { message, output = "", next } = failure;
    return problem(markup`<b>${names.join(", ")}</b> could not be built`, [
      told(`${message}\n${output}`),
      next !== undefined && markup`<p>Next: ${next}</p>\n`,
    ]);
  });
  const checks = sameChecks(report).map(([{ kind, name, detail }, names]) =>
    problem(
      markup`<b>${names.join(", ")}</b>, ${kindTitle(kind)}: ${name}`,
      detail !== undefined && told(detail),
    )
  );
  const limits = report.budgets.filter(({ status }) => status === "fail")
    .map((verdict) => {
      const { variant, rule, detail } = verdict;
      const { actual, limit } = verdictFigures(verdict);
      return problem(
        markup`<b>${variant}</b>, budget: ${rule} is ${actual}, the limit is ${limit}${
          detail !== undefined && ` (${detail})`
        }`,
      );
    });
  return markup`${builds}${checks}${limits}`;
}

function problem(what: Markup, details?: Value): Markup {
  return markup`<div class="problem">\n<p>${what}</p>\n${details}</div>\n`;
}

function told(text: string): Markup {
  return markup`<pre tabindex="0">${preformatted(text)}</pre>\n`;
}

const LIST_TITLES: Record<CheckList, string> = {
  contract: "The contract: what every running image must answer",
  hardening: "Hardening: what it must survive",
  reproducible: "Reproducible: what a second build made the same",
};

/** All checks and what was skipped. */
function checks(report: Report): Markup {
  const { variants } = report;
  const tables = CHECK_LISTS.map((list) => {
    const all = variants.flatMap((variant) => variant[list] ?? []);
    return htmlTable(
      LIST_TITLES[list],
      [...new Set(all.map(({ name }) => name))],
      [
        ["Check", (name) => name],
        ...variants.map((variant): Column<string, Value> => [
          variant.name,
          (name) => {
            const check = variant[list]?.find((found) => found.name === name);
            return check && statusMark(check.status);
          },
        ]),
      ],
    );
  });
  const left = skipped(report).map(({ names, reason, variants: some }) =>
    markup`<li>${some.length > 0 && `${some.join(", ")}: `}${
      names.join(", ")
    }: ${reason}</li>\n`
  );
  return markup`${tables}${
    left.length > 0 &&
    markup`<h3>Skipped, and why</h3>
<ul class="plain-list">${left}</ul>
`
  }`;
}

function budget({ budgets }: Report): Markup {
  return htmlTable("Limits, and how they are kept", budgets, [
    ["Variant", ({ variant }) => variant],
    ["Rule", ({ rule }) => rule],
    ["Verdict", ({ status }) => statusMark(status)],
    ["Actual", (verdict) => verdictFigures(verdict).actual, "right"],
    ["Limit", (verdict) => verdictFigures(verdict).limit, "right"],
    ["Detail", ({ detail }) => detail ?? ""],
  ]);
}

/** What became larger or smaller since an earlier report. */
function growth({ growth = [] }: Report): Markup {
  const tables = growth.map(({ variant, size, pull, ...why }) => {
    const changes = [...why.layers, ...why.paths, ...why.packages]
      .map((change): [Value, string] => [
        coded(change.name),
        changeText(change),
      ]);
    const sums: [Value, string][] = [["Size", changeText(size)]];
    if (pull) sums.push(["Pull", changeText(pull)]);
    return htmlTable(`${variant}: what changed`, [...sums, ...changes], [
      ["What", ([what]) => what],
      ["Change", ([, change]) => change],
    ]);
  });
  return markup`${tables}`;
}

function statusMark(status: "pass" | "fail" | "skip"): Markup {
  return status === "skip"
    ? markup`<span class="muted">skip</span>`
    : marked(status === "pass", status);
}

function marked(good: boolean, text: string): Markup {
  return good
    ? markup`<span class="good">✓\u00a0${text}</span>`
    : markup`<span class="bad">✗\u00a0${text}</span>`;
}
