/**
 * What failed, how the budget holds, and what grew, in the HTML report.
 *
 * @module
 */
import { CHECK_LISTS, LIST_TITLES } from "./check_kinds.ts";
import type { Report } from "./report_schema.ts";
import {
  htmlTable,
  type Markup,
  markup,
  NOTHING,
  preformatted,
} from "./markup.ts";
import {
  changeText,
  checksWith,
  sameFailures,
  skipped,
  verdictFigures,
} from "./problems.ts";

/** Renders builds, checks and limits that failed; nothing when none did. */
export function htmlProblems(report: Report): Markup {
  const builds = sameFailures(report).map(([failure, names]) =>
    markup`<div class="problem">
<p><b>${names.join(", ")}</b> could not be built</p>
<pre tabindex="0">${
      preformatted([failure.message, failure.output ?? ""].join("\n"))
    }</pre>
${failure.next !== undefined && markup`<p>Next: ${failure.next}</p>\n`}</div>
`
  );
  const checks = checksWith("fail", report).map((check) =>
    markup`<div class="problem">
<p><b>${check.variant}</b>, ${check.kind}: ${check.name}</p>
${
      check.detail !== undefined &&
      markup`<pre tabindex="0">${preformatted(check.detail)}</pre>
`
    }</div>
`
  );
  const limits = report.budgets.filter(({ status }) => status === "fail")
    .map((verdict) => {
      const { actual, limit } = verdictFigures(verdict);
      return markup`<div class="problem">
<p><b>${verdict.variant}</b>, budget: ${verdict.rule} is ${actual}, the limit is ${limit}${
        verdict.detail !== undefined && ` (${verdict.detail})`
      }</p>
</div>
`;
    });
  const all = [...builds, ...checks, ...limits];
  return all.length === 0 ? NOTHING : markup`<section id="problems">
<h2>What failed</h2>
${all}</section>
`;
}

/** Renders all checks and what was skipped. */
export function htmlChecks(report: Report): Markup {
  const { variants } = report;
  const tables = CHECK_LISTS.map((list) => {
    const names = new Set(
      variants.flatMap((variant) =>
        (variant[list] ?? []).map(({ name }) => name)
      ),
    );
    return htmlTable(
      LIST_TITLES[list],
      [{ title: "Check" }, ...variants.map(({ name }) => ({ title: name }))],
      [...names].map((name) => [
        name,
        ...variants.map((variant) => {
          const check = variant[list]?.find((found) => found.name === name);
          return check && verdict(check.status);
        }),
      ]),
    );
  });
  const left = skipped(report).map(({ names, reason, variants: some }) =>
    markup`<li>${some.length > 0 && `${some.join(", ")}: `}${
      names.join(", ")
    }: ${reason}</li>
`
  );
  if (left.length === 0 && tables.every(({ text }) => text === "")) {
    return NOTHING;
  }
  return markup`<section id="checks">
<h2>Does it work</h2>
${tables}${
    left.length > 0 &&
    markup`<h3>Skipped, and why</h3>
<ul class="plain-list">${left}</ul>
`
  }</section>
`;
}

/** Renders the verdicts of the budget. */
export function htmlBudget({ budgets }: Report): Markup {
  if (budgets.length === 0) return NOTHING;
  return markup`<section id="budget">
<h2>Budget</h2>
${
    htmlTable(
      "Limits, and how they are kept",
      [
        { title: "Variant" },
        { title: "Rule" },
        { title: "Verdict" },
        { title: "Actual", align: "right" },
        { title: "Limit", align: "right" },
        { title: "Detail" },
      ],
      budgets.map((found) => {
        const { actual, limit } = verdictFigures(found);
        const { variant, rule, status, detail } = found;
        return [variant, rule, verdict(status), actual, limit, detail ?? ""];
      }),
    )
  }</section>
`;
}

/** Renders what became larger or smaller since an earlier report. */
export function htmlGrowth({ growth = [] }: Report): Markup {
  if (growth.length === 0) return NOTHING;
  return markup`<section id="growth">
<h2>Since the earlier report</h2>
${
    growth.map(({ variant, size, pull, layers, paths, packages }) =>
      htmlTable(
        `${variant}: what changed`,
        [{ title: "What" }, { title: "Change" }],
        [
          ["Size", changeText(size)],
          ...pull ? [["Pull", changeText(pull)]] : [],
          ...[...layers, ...paths, ...packages].map((change) => [
            markup`<code>${change.name}</code>`,
            changeText(change),
          ]),
        ],
      )
    )
  }</section>
`;
}

function verdict(status: "pass" | "fail" | "skip"): Markup {
  if (status === "pass") return markup`<span class="good">✓\u00a0pass</span>`;
  return status === "fail"
    ? markup`<span class="bad">✗\u00a0fail</span>`
    : markup`<span class="muted">skip</span>`;
}
