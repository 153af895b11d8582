import { assertEquals } from "@std/assert";
import { largestPart } from "./largest_part.ts";
import {
  emptyReport,
  fixtureReport,
  minimalVariant,
} from "../../testing/report.ts";
import { singleStage } from "../../testing/report_variants.ts";

Deno.test("largestPart() names the runtime and how little is the code", () => {
  assertEquals(largestPart(fixtureReport()), {
    variant: "scratch",
    share: "85.3 %",
    bytes: "81.4 MB",
    name: "the Deno runtime",
    named: true,
    code: "0.6 %",
  });
});

Deno.test("largestPart() names a path where there is no program", () => {
  const variant = singleStage();
  delete variant.program;
  const part = largestPart({ ...emptyReport(), variants: [variant] });
  assertEquals([part?.name, part?.named, part?.code], [
    "/usr/bin/deno",
    false,
    undefined,
  ]);
});

Deno.test("largestPart() has nothing to say of an empty image", () => {
  const report = { ...emptyReport(), variants: [minimalVariant()] };
  assertEquals(largestPart(report), undefined);
  assertEquals(largestPart(emptyReport()), undefined);
});
