import { assertThrows } from "@std/assert";
import { z } from "zod";
import { json } from "./write_reports.ts";
import { failedReport, fixtureReport } from "../../testing/report.ts";
import { fixtureDiff } from "../../testing/report_diff.ts";

/** Checks data with the published file alone, as another program would. */
function published(file: string): z.ZodType {
  const url = new URL(`../../docs/${file}`, import.meta.url);
  return z.fromJSONSchema(JSON.parse(Deno.readTextFileSync(url)));
}

Deno.test("report.json is what the published schema says", () => {
  const schema = published("report.schema.json");
  schema.parse(JSON.parse(json(fixtureReport())));
  schema.parse(JSON.parse(json(failedReport())));
  const broken = JSON.parse(json(fixtureReport()));
  broken.variants[0].contents.children[0].bytes = "many";
  assertThrows(() => schema.parse(broken), z.ZodError);
});

Deno.test("a diff is what the published schema says", () => {
  const schema = published("diff.schema.json");
  schema.parse(JSON.parse(JSON.stringify(fixtureDiff())));
  assertThrows(() => schema.parse({ schemaVersion: 1 }), z.ZodError);
});
