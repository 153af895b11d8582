/**
 * The first screen of the HTML report: which variant is the smallest, by how
 * much, and whether it still works.
 *
 * @module
 */
import type { Report, Variant } from "./report_schema.ts";
import { chartSizes } from "./chart_sizes.ts";
import { CHECK_KINDS } from "./check_kinds.ts";
import { ratioTitle } from "./comparison.ts";
import { alignOf, type Figure, measuredFigures, textOf } from "./figures.ts";
import { headline, largestPart, verdictOfSmallest, works } from "./headline.ts";
import {
  htmlTable,
  type Markup,
  markup,
  NOTHING,
  type Value,
} from "./markup.ts";
import { checksOf, failureCounts, isCheckList } from "./problems.ts";
import { images, serviceOf, verdict } from "./verdict.ts";

/** Renders the heading, what holds and what fails. */
export function htmlHeader(report: Report, contents: Markup): Markup {
  return markup`<header>
<p class="meta">${serviceOf(report) && markup`<b>${serviceOf(report)}</b> · `}${
    origin(report)
  }</p>
<h1>${headline(report, plain)}</h1>
${ending(report)}${insight(report)}${status(report)}${contents}</header>
`;
}

/** The verdict, and how to run and push an image. */
function ending(report: Report): Markup {
  const result = verdict(report);
  const found = images(report);
  return markup`${
    result === undefined
      ? NOTHING
      : markup`<p class="${result.holds ? "good" : "bad"}">${result.text}</p>
`
  }${
    found === undefined
      ? NOTHING
      : markup`<p>Run one: <code>${found.run}</code><br>push it: <code>${found.push}</code></p>
`
  }`;
}

/** Renders the sizes and the comparison. */
export function htmlSizes(report: Report): Markup {
  if (report.variants.length === 0) return NOTHING;
  const figures = measuredFigures(report);
  const groups = [
    ["How large, and does it work", "size"],
    ["What it costs to ship and to run", "cost"],
    ["What is lost, and what an intruder finds", "defence"],
  ] as const;
  return markup`<section id="sizes">
<h2>Sizes</h2>
${chartSizes(report)}${
    groups.map(([caption, group]) => {
      const own = figures.filter((figure) => figure.group === group);
      return own.length === 0 ? NOTHING : comparison(caption, own, report);
    })
  }</section>
`;
}

function comparison(
  caption: string,
  figures: Figure[],
  report: Report,
): Markup {
  return htmlTable(
    caption,
    [
      { title: "Variant" },
      ...figures.map((figure) => ({
        title: figure.id === "ratio" ? ratioTitle(report) : figure.title,
        align: alignOf(figure),
      })),
    ],
    report.variants.map((variant) => [
      variant.name,
      ...figures.map((figure) =>
        marked(textOf(figure, variant, report), figure.id, variant)
      ),
    ]),
  );
}

function marked(text: string | undefined, id: string, variant: Variant): Value {
  if (text === undefined || !isCheckList(id)) return text;
  return variant[id]?.some((check) => check.status === "fail")
    ? markup`<span class="bad">✗\u00a0${text}</span>`
    : markup`<span class="good">✓\u00a0${text}</span>`;
}

function origin({ createdAt, engine, bases }: Report): Markup {
  const deno = bases?.deno === undefined ? undefined : `Deno ${bases.deno}`;
  const parts = [
    "deno-small-image",
    markup`<time datetime="${createdAt}">${
      createdAt.slice(0, 16).replace("T", " ")
    } UTC</time>`,
    ...engine ? [`${engine.name} ${engine.version}`] : [],
    ...bases ? [`bases from ${bases.source}`] : [],
    ...deno ? [deno] : [],
  ];
  return markup`${parts.map((part, index) => [index > 0 && " · ", part])}`;
}

function plain(name: string): string {
  return name;
}

function insight(report: Report): Markup {
  const verdict = verdictOfSmallest(report, plain);
  const part = largestPart(report);
  if (part === undefined) {
    return verdict === "" ? NOTHING : markup`<p class="lead">${verdict}</p>\n`;
  }
  const { share, variant, bytes, name, named, others } = part;
  return markup`<p class="lead">${
    verdict !== "" && `${verdict} `
  }${share} of ${variant} (${bytes}) is ${
    named ? name : markup`<code>${name}</code>`
  }${others.map((other) => `, ${other}`)}.</p>
`;
}

/** One line each on builds, contract, the other kinds of checks and the budget. */
function status(report: Report): Markup {
  const { variants, budgets } = report;
  const counts = failureCounts(report);
  const asked = variants.filter((variant) => works(variant) !== undefined);
  const checked = variants.filter(({ hardening }) =>
    hardening?.some((check) => check.status !== "skip")
  );
  const again = variants.filter(({ reproducible }) =>
    reproducible?.some((check) => check.status !== "skip")
  );
  const differing = again.filter(({ reproducible }) =>
    reproducible?.some((check) => check.status === "fail")
  );
  const held = budgets.filter((verdict) => verdict.status !== "skip");
  const lines = [
    ...counts.builds > 0
      ? [bad(`${count(counts.builds, "build")} failed`)]
      : [],
    ...asked.length > 0
      ? [
        counts.contract > 0
          ? bad(`${count(counts.contract, "contract check")} failed`)
          : good(`the contract holds in ${every(asked, variants)}`),
      ]
      : [],
    ...checked.length > 0
      ? [
        counts.hardening > 0
          ? bad(`${count(counts.hardening, "further check")} failed`)
          : good(
            `${kindsOf(checked)} hold in ${every(checked, variants)}`,
          ),
      ]
      : [],
    ...again.length > 0
      ? [
        differing.length > 0
          ? bad(`a second build differs in ${every(differing, variants)}`)
          : good(`a second build is the same in ${every(again, variants)}`),
      ]
      : [],
    ...held.length > 0
      ? [
        counts.budget > 0
          ? bad(`${count(counts.budget, "budget limit")} exceeded`)
          : good("within the budget"),
      ]
      : [],
  ];
  return lines.length === 0
    ? NOTHING
    : markup`<ul class="status">${
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

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
