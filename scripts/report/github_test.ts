import { assertEquals, assertStringIncludes } from "@std/assert";
import { failedReport, fixtureReport } from "../../testing/report.ts";
import { annotations, comment, commentMarker, outputs } from "./github.ts";

Deno.test("outputs() gives figures by variant; what was not measured is left out", () => {
  const report = fixtureReport();
  const [first] = report.variants;
  delete first.nextDeployBytes;
  const found = outputs(report);
  assertEquals(JSON.parse(found.size)[first.name], first.sizeBytes);
  assertEquals(
    Object.hasOwn(JSON.parse(found["next-deploy"]), first.name),
    false,
  );
});

Deno.test("annotations() names what failed, in one line each", () => {
  const report = failedReport();
  report.failures = [{
    name: "scratch",
    dockerfile: "a,b:c",
    message: "100 % wrong\nreally",
  }];
  assertEquals(
    annotations(report)[0],
    "::error file=a%2Cb%3Ac,title=scratch%3A not built::100 %25 wrong%0Areally",
  );
});

Deno.test("comment() begins with its marker, then says what the change costs", () => {
  const report = fixtureReport();
  const earlier = structuredClone(report);
  const [before] = earlier.variants;
  before.sizeBytes -= 2_000_000;
  const text = comment(report, "apps/a", earlier);
  assertEquals(text.split("\n")[0], commentMarker("apps/a"));
  assertStringIncludes(text, "size +2 MB");
});

Deno.test("commentMarker() cannot be ended by the name of a folder", () => {
  assertEquals(commentMarker("a-->b"), "<!-- deno-small-image: a>b -->");
});
