import { assertEquals } from "@std/assert";
import {
  changeText,
  checksWith,
  failureCounts,
  holds,
  sameChecks,
  sameFailures,
  skipped,
  verdictFigures,
} from "./problems.ts";
import { CHECK_KINDS, CHECK_LISTS } from "./check_kinds.ts";
import { type Check, variantSchema } from "./report_schema.ts";
import { failedReport, fixtureReport } from "../../testing/report.ts";

Deno.test("sameFailures() tells a cause once, whatever file and step it is in", () => {
  const failure = (name: string, step: string) => ({
    name,
    dockerfile: `x/Dockerfile.${name}`,
    message: `Cannot build "Dockerfile.${name}"`,
    output: `${step}: RUN deno compile main.ts\nerror: no such module`,
  });
  const failures = [
    failure("single", "STEP 9/16"),
    failure("scratch", "[1/4] STEP 9/9"),
    { ...failure("other", "[1/3] STEP 9/9"), output: "another cause" },
  ];
  assertEquals(
    sameFailures({ ...fixtureReport(), failures }).map(([, names]) => names),
    [["single", "scratch"], ["other"]],
  );
});

Deno.test("sameChecks() tells a failure once for all variants that share it", () => {
  const report = fixtureReport();
  report.variants.forEach((variant, at) => {
    const detail = variant.name === "scratch"
      ? "another"
      : `port ${at} is silent`;
    variant.contract = [{ name: "GET /", status: "fail", detail }];
    variant.hardening = [];
  });
  assertEquals(sameChecks(report).map(([, names]) => names), [
    ["single-stage", "multi-stage"],
    ["scratch"],
  ]);
});

Deno.test("skipped() tells a reason once for all variants that share it", () => {
  const report = fixtureReport();
  const reason = "buildah cannot limit memory here";
  report.variants[0].hardening?.push({
    name: "pids limit",
    status: "skip",
    detail: reason,
  });
  assertEquals(skipped(report), [
    {
      names: ["64 to 128 MB memory"],
      reason,
      variants: [],
    },
    { names: ["pids limit"], reason, variants: ["single-stage"] },
  ]);
});

Deno.test("sameChecks() tells a failure once for all variants that share it", () => {
  const report = fixtureReport();
  for (
    const [at, { checks, name }] of report.variants.map((v, at) =>
      [at, { checks: v, name: v.name }] as const
    )
  ) {
    const detail = name === "scratch"
      ? "another"
      : `port ${4000 + at} is silent`;
    checks.contract = [{ name: "GET /", status: "fail", detail }];
    checks.hardening = [];
  }
  assertEquals(sameChecks(report).map(([, names]) => names), [
    ["single-stage", "multi-stage"],
    ["scratch"],
  ]);
});

Deno.test("sameChecks() keeps checks apart that differ in a number of their name", () => {
  const report = fixtureReport();
  report.variants.forEach((variant, at) => {
    variant.contract = [];
    variant.hardening = at > 0 ? [] : ["64 MiB", "128 MiB"]
      .map((name) => ({ name, status: "fail", detail: "it ended" }));
  });
  assertEquals(
    sameChecks(report).map(([{ name }, names]) => [name, ...names]),
    [
      ["64 MiB", "single-stage"],
      ["128 MiB", "single-stage"],
    ],
  );
});

Deno.test("skipped() tells which variants were not built, and why", () => {
  const left = (name: string) => ({
    name,
    dockerfile: "Dockerfile",
    reason: "no runtime",
  });
  const report = { ...failedReport(), skipped: [left("a"), left("b")] };
  assertEquals(skipped(report), [
    { names: ["build"], reason: "no runtime", variants: ["a", "b"] },
  ]);
});

Deno.test("checksWith() and failureCounts() agree", () => {
  const report = fixtureReport();
  assertEquals(checksWith("fail", report), [{
    variant: "scratch",
    list: "contract",
    kind: "contract",
    name: "HEAD /",
    status: "fail",
    detail: "status: expected 200, got 404",
  }]);
  assertEquals(failureCounts(report), {
    builds: 0,
    contract: 1,
    hardening: 0,
    reproducible: 0,
    budget: 1,
  });
  assertEquals(failureCounts(failedReport()).builds, 1);
});

Deno.test("holds() is false once a check of any kind has failed", () => {
  const report = fixtureReport();
  report.budgets = [];
  for (const variant of report.variants) {
    for (const list of CHECK_LISTS) delete variant[list];
  }
  assertEquals(holds(report), true);
  for (const { id: kind, list } of CHECK_KINDS) {
    const [variant] = report.variants;
    variant[list] = [{ name: "x", kind, status: "fail" }];
    assertEquals(holds(report), false, kind);
    variant[list] = [{ name: "x", kind, status: "skip" }];
    assertEquals(holds(report), true, kind);
  }
});

Deno.test("every list of checks in the schema counts", () => {
  const checks: Check[] = [{ name: "x", kind: "stop", status: "fail" }];
  const lists = Object.entries(variantSchema.shape).filter(([, shape]) => {
    const { success, data } = shape.safeParse(checks);
    return success && JSON.stringify(data) === JSON.stringify(checks);
  });
  assertEquals(lists.map(([name]) => name).sort(), [...CHECK_LISTS].sort());
});

Deno.test("changeText() tells growth, shrinking, new and gone", () => {
  assertEquals(
    [
      changeText({ before: 1_000_000, after: 1_500_000 }),
      changeText({ before: 1_500_000, after: 1_000_000 }),
      changeText({ before: 0, after: 5 }),
      changeText({ after: 5 }),
      changeText({ before: 5 }),
      changeText({ after: 0 }),
      changeText({ before: 0 }),
      changeText({ before: 5, after: 5 }),
      changeText({}),
    ],
    [
      "1 MB → 1.5 MB (+500 kB, +50 %)",
      "1.5 MB → 1 MB (−500 kB, −33.3 %)",
      "0 B → 5 B (+5 B)",
      "new, 5 B",
      "gone, was 5 B",
      "new",
      "gone",
      "5 B, unchanged",
      "–",
    ],
  );
});

Deno.test("verdictFigures() has a dash for what was skipped", () => {
  const asked = { variant: "a", rule: "start", limit: 300 } as const;
  assertEquals(
    verdictFigures({ ...asked, status: "skip", unit: "milliseconds" }),
    { actual: "–", limit: "300 ms" },
  );
  assertEquals(
    verdictFigures({
      ...asked,
      status: "fail",
      unit: "fact",
      actual: false,
      limit: true,
    }),
    { actual: "no", limit: "yes" },
  );
});
