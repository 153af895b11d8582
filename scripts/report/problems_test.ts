import { assertEquals } from "@std/assert";
import {
  changeText,
  checksWith,
  holds,
  notes,
  problems,
  verdictFigures,
} from "./problems.ts";
import { plain, type Remark } from "./document.ts";
import { CHECK_KINDS, CHECK_LISTS } from "./check_kinds.ts";
import { type Check, variantSchema } from "./report_schema.ts";
import {
  emptyReport,
  failedReport,
  fixtureReport,
} from "../../testing/report.ts";

const texts = (remarks: Remark[]) => remarks.map(({ text }) => plain(text));

Deno.test("problems() tells a cause once, whatever file and step it is in", () => {
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
  assertEquals(texts(problems({ ...emptyReport(), failures })), [
    "single, scratch could not be built",
    "other could not be built",
  ]);
});

Deno.test("problems() tells a failure once for all variants that share it", () => {
  const report = fixtureReport();
  report.variants.forEach((variant, at) => {
    const detail = variant.name === "scratch"
      ? "another"
      : `port ${at} is silent`;
    variant.contract = [{ name: "GET /", status: "fail", detail }];
    variant.hardening = [];
  });
  assertEquals(texts(problems({ ...report, budgets: [] })), [
    "single-stage, multi-stage, contract: GET /",
    "scratch, contract: GET /",
  ]);
});

Deno.test("notes() tells a reason once for all variants that share it", () => {
  const report = fixtureReport();
  const reason = "buildah cannot limit memory here";
  report.variants[0].hardening?.push({
    name: "pids limit",
    status: "skip",
    detail: reason,
  });
  assertEquals(texts(notes(report)), [
    `64 to 128 MB memory: ${reason}`,
    `single-stage: pids limit: ${reason}`,
  ]);
});

Deno.test("problems() keeps checks apart that differ in a number of their name", () => {
  const report = fixtureReport();
  report.variants.forEach((variant, at) => {
    variant.contract = [];
    variant.hardening = at > 0 ? [] : ["64 MiB", "128 MiB"]
      .map((name) => ({ name, status: "fail", detail: "it ended" }));
  });
  assertEquals(texts(problems({ ...report, budgets: [] })), [
    "single-stage, restrictions: 64 MiB",
    "single-stage, restrictions: 128 MiB",
  ]);
});

Deno.test("notes() tells which variants were not built, and why", () => {
  const left = (name: string) => ({
    name,
    dockerfile: "Dockerfile",
    reason: "no runtime",
  });
  const report = { ...failedReport(), skipped: [left("a"), left("b")] };
  assertEquals(texts(notes(report)), ["a, b: build: no runtime"]);
});

Deno.test("checksWith() tells where a check is from", () => {
  const report = fixtureReport();
  assertEquals(checksWith("fail", report), [{
    variant: "scratch",
    kind: "contract",
    name: "HEAD /",
    status: "fail",
    detail: "status: expected 200, got 404",
  }]);
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
