/**
 * The checks of a report as JUnit XML, which CI systems show test by test.
 *
 * @module
 */
import library, { type Builder } from "junit-report-builder";
import { formatLimit } from "../format.ts";
import type { Check, Report, Verdict } from "../schema.ts";

// Its types describe the ES module; what is loaded is the CommonJS one.
const builder = library as unknown as Builder;

/**
 * Renders the builds, contracts, proofs and budgets of a report.
 *
 * @param report The report.
 * @returns JUnit XML with one suite for each variant and kind of check.
 */
export function junit(report: Report): string {
  const xml = builder.newBuilder();
  const builds = xml.testSuite().name("build");
  for (const variant of report.variants) {
    builds.testCase().className("build").name(variant.name);
  }
  for (const failure of report.failures) {
    const test = builds.testCase().className("build").name(failure.name);
    test.failure(failure.message);
    if (failure.output) test.standardOutput(failure.output);
  }
  const suite = (name: string, checks: Check[] | undefined) => {
    if (checks === undefined || checks.length === 0) return;
    const tests = xml.testSuite().name(name);
    for (const check of checks) {
      const test = tests.testCase().className(name).name(check.name);
      if (check.status === "fail") test.failure(check.detail ?? "failed");
      if (check.status === "skip") test.skipped();
    }
  };
  for (const variant of report.variants) {
    suite(`${variant.name}.contract`, variant.contract);
    suite(`${variant.name}.hardening`, variant.hardening);
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
    detail: [`${actual} exceeds ${limit}`, verdict.detail].filter(Boolean).join(
      "; ",
    ),
  };
}
