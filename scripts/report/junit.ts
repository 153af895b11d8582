/**
 * The checks of a report as JUnit XML, which CI systems show test by test.
 *
 * @module
 */
import library, { type Builder } from "junit-report-builder";
import { formatLimit, printable } from "../lib/format.ts";
import { CHECK_LISTS } from "./check_kinds.ts";
import type { Check, Report, Verdict } from "./report_schema.ts";

// Its types describe the ES module; what is loaded is the CommonJS one.
const builder = library as unknown as Builder;

/**
 * Renders the builds, checks and budgets of a report.
 *
 * @returns JUnit XML with one suite for each variant and kind of check.
 */
export function junit(report: Report): string {
  const xml = builder.newBuilder();
  const builds = xml.testSuite().name("build");
  for (const variant of report.variants) {
    builds.testCase().className("build").name(printable(variant.name));
  }
  for (const failure of report.failures) {
    const test = builds.testCase().className("build").name(
      printable(failure.name),
    );
    test.failure(lines(failure.message));
    if (failure.output) test.standardOutput(lines(failure.output));
  }
  for (const { name } of report.skipped ?? []) {
    builds.testCase().className("build").name(printable(name)).skipped();
  }
  const suite = (title: string, checks: Check[] | undefined) => {
    if (checks === undefined || checks.length === 0) return;
    const name = printable(title);
    const tests = xml.testSuite().name(name);
    for (const check of checks) {
      const test = tests.testCase().className(name).name(
        printable(check.name),
      );
      if (check.status === "fail") {
        test.failure(lines(check.detail ?? "failed"));
      }
      if (check.status === "skip") test.skipped();
    }
  };
  for (const variant of report.variants) {
    for (const list of CHECK_LISTS) {
      suite(`${variant.name}.${list}`, variant[list]);
    }
    suite(
      `${variant.name}.budget`,
      report.budgets.filter((verdict) => verdict.variant === variant.name).map(
        asCheck,
      ),
    );
  }
  return xml.build();
}

function asCheck(verdict: Verdict): Check {
  const limit = formatLimit(verdict.limit, verdict.unit);
  const actual = verdict.actual === undefined
    ? ""
    : formatLimit(verdict.actual, verdict.unit);
  return {
    name: verdict.rule,
    status: verdict.status,
    detail: [
      verdict.unit === "fact"
        ? `${actual}, expected ${limit}`
        : `${actual} exceeds ${limit}`,
      verdict.detail,
    ].filter(Boolean).join("; "),
  };
}

/** Text with its line ends, but without what XML does not allow. */
function lines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}
