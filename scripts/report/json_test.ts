import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UserError } from "../lib/errors.ts";
import { json, parseReport } from "./json.ts";
import {
  emptyReport,
  failedReport,
  fixtureReport,
} from "../../testing/report.ts";
import { hostileReport } from "../../testing/report_hostile.ts";

Deno.test("json() is read back as it was", () => {
  for (
    const report of [
      fixtureReport(),
      failedReport(),
      emptyReport(),
      hostileReport(),
    ]
  ) assertEquals(parseReport(json(report), "report.json"), report);
});

Deno.test("json() has the schema's order of keys, whatever it is given", () => {
  const report = fixtureReport();
  const turned = Object.fromEntries(Object.entries(report).reverse());
  assertEquals(json(turned as typeof report), json(report));
  assertStringIncludes(
    json(report),
    '{\n  "schemaVersion": 1,\n  "createdAt": "2026-01-02T03:04:05.000Z",\n  "engine": {\n    "name"',
  );
  assertEquals(json(report).at(-1), "\n");
});

Deno.test("json() leaves out what was not measured", () => {
  const report = fixtureReport();
  report.variants[0].pullBytes = { gzip: 1, zstd: undefined };
  assertStringIncludes(json(report), '"pullBytes": {\n        "gzip": 1\n');
});

Deno.test("json() refuses what is not a report, which is a bug", () => {
  const report = fixtureReport();
  report.variants[0].efficiency = NaN;
  const error = assertThrows(() => json(report));
  assertEquals(error instanceof UserError, false);
});

Deno.test("parseReport() says where it is not a report", () => {
  const problem = (text: string) => {
    const error = assertThrows(() => parseReport(text, "old.json"), UserError);
    assertStringIncludes(error.next, "--write-baseline");
    return error.message;
  };
  const report = JSON.parse(json(fixtureReport()));
  assertStringIncludes(problem("{"), 'Cannot parse "old.json": ');
  assertStringIncludes(
    problem("{}"),
    'Cannot use "old.json": schemaVersion: ',
  );
  report.variants[1].layers[0].sizeBytes = -1;
  assertStringIncludes(
    problem(JSON.stringify(report)),
    'Cannot use "old.json": variants.1.layers.0.sizeBytes: ',
  );
  assertStringIncludes(
    problem(JSON.stringify({ ...report, schemaVersion: 2 })),
    'Cannot use "old.json": schemaVersion: ',
  );
});
