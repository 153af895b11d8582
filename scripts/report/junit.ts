/**
 * The checks of a report as JUnit XML, which CI systems show test by test.
 *
 * @module
 */
import library, { type Builder } from "junit-report-builder";
import { printable } from "../lib/format.ts";
import { verdictFigures } from "./problems.ts";
import {
  type Check,
  CHECK_LISTS,
  type Report,
  type Verdict,
} from "./report_schema.ts";

// Its types describe the ES module; what is loaded is the CommonJS one.
const builder = library as unknown as Builder;

/** Builds, checks and budgets, a suite for each variant and list of checks. */
export function junit(report: Report): string {
  const xml = builder.newBuilder();
  const builds = xml.testSuite().name("build");
  const build = ({ name }: { name: string }) =>
    builds.testCase().className("build").name(printable(name));
  report.variants.forEach(build);
  for (const failure of report.failures) {
    const test = build(failure);
    test.failure(lines(failure.message));
    if (failure.output) test.standardOutput(lines(failure.output));
  }
  for (const left of report.skipped ?? []) build(left).skipped();
  const suite = (title: string, checks: Check[] = []) => {
    if (checks.length === 0) return;
    const name = printable(title);
    const tests = xml.testSuite().name(name);
    for (const { name: check, status, detail = "failed" } of checks) {
      const test = tests.testCase().className(name).name(printable(check));
      if (status === "fail") test.failure(lines(detail));
      if (status === "skip") test.skipped();
    }
  };
  for (const variant of report.variants) {
    for (const list of CHECK_LISTS) {
      suite(`${variant.name}.${list}`, variant[list]);
    }
    const verdicts = report.budgets
      .filter((verdict) => verdict.variant === variant.name);
    suite(`${variant.name}.budget`, verdicts.map(asCheck));
  }
  return xml.build();
}

function asCheck(verdict: Verdict): Check {
  const { rule, status, unit, detail } = verdict;
  const { actual, limit } = verdictFigures(verdict);
  const broken = unit === "fact"
    ? `${actual}, expected ${limit}`
    : `${actual} exceeds ${limit}`;
  return {
    name: rule,
    status,
    detail: [broken, detail].filter(Boolean).join("; "),
  };
}

/** Text with its line ends, but without what XML does not allow. */
function lines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}
