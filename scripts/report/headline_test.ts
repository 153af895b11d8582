import {
  emptyReport,
  failedReport,
  fixtureReport,
  minimalVariant,
} from "../../testing/report.ts";
import { singleStage } from "../../testing/report_variants.ts";
import { type Inline, isMark, plain } from "./document.ts";
import { headline, largestPart, verdictOfSmallest } from "./headline.ts";
import type { Report } from "./report_schema.ts";
import { assert, assertEquals } from "@std/assert";

/** The text with names in brackets. */
function shown(inline: Inline): string {
  if (isMark(inline)) return `[${plain(inline)}]`;
  return Array.isArray(inline) ? inline.map(shown).join("") : plain(inline);
}

const first = (report: Report) => shown(headline(report));
const second = (report: Report) => shown(verdictOfSmallest(report));

Deno.test("headline() names the smallest and compares it with the baseline", () => {
  const report = fixtureReport();
  assertEquals(
    first(report),
    "[scratch] is the smallest: 95.4 MB, 4.5× smaller than [single-stage]",
  );
  assertEquals(
    first({ ...report, baseline: "scratch" }),
    "[scratch] is the smallest: 95.4 MB",
  );
  assertEquals(
    first({ ...report, variants: [report.variants[1]] }),
    "[multi-stage]: 122 MB",
  );
});

Deno.test("headline() says when there is no image", () => {
  assertEquals(first(emptyReport()), "No image was built");
  assertEquals(first(failedReport()), "No image could be built");
});

Deno.test("verdictOfSmallest() never praises what does not work", () => {
  const report = fixtureReport();
  assertEquals(
    second(report),
    "[scratch] breaks its contract; the smallest that holds it is [multi-stage] with 122 MB.",
  );
  const [, , scratch] = report.variants;
  assertEquals(
    second({ ...report, variants: [scratch] }),
    "[scratch] breaks its contract.",
  );
  scratch.contract = [{ name: "GET /", status: "pass" }];
  assertEquals(second(report), "[scratch] holds its contract.");
  scratch.hardening = [{ name: "SIGTERM", status: "fail" }];
  assertEquals(
    second(report),
    "[scratch] holds its contract, and fails 1 further check.",
  );
  scratch.contract = [{ name: "GET /", status: "skip" }];
  assertEquals(second(report), "", "nothing was asked of it");
  assertEquals(second({ ...emptyReport(), variants: [minimalVariant()] }), "");
  assertEquals(second(emptyReport()), "");
});

Deno.test("largestPart() names the runtime and how little is the code", () => {
  assertEquals(largestPart(fixtureReport()), {
    variant: "scratch",
    share: "85.3 %",
    bytes: "81.4 MB",
    name: "the Deno runtime",
    named: true,
    others: ["0.6 % your code"],
  });
});

Deno.test("largestPart() tells packages from the service's own code", () => {
  const report = fixtureReport();
  const { program } = report.variants.find(({ name }) => name === "scratch")!;
  assert(program !== undefined);
  program.applicationBytes = 3_000_000;
  const own = { own: 500_000, assets: 100_000, metadata: 400_000 };
  program.parts = { ...own, npm: 1_500_000, remote: 500_000 };
  assertEquals(largestPart(report)?.others, [
    "2.1 % packages",
    "1 % your code",
  ]);
});

Deno.test("largestPart() names a path where there is no program", () => {
  const variant = singleStage();
  delete variant.program;
  const part = largestPart({ ...emptyReport(), variants: [variant] });
  assertEquals([part?.name, part?.named, part?.others], [
    "/usr/bin/deno",
    false,
    [],
  ]);
});

Deno.test("largestPart() has nothing to say of an empty image", () => {
  const report = { ...emptyReport(), variants: [minimalVariant()] };
  assertEquals(largestPart(report), undefined);
  assertEquals(largestPart(emptyReport()), undefined);
});
