import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Report, Variant } from "./report_schema.ts";
import { junit } from "./junit.ts";
import { hostileReport } from "../../testing/report_hostile.ts";

const report: Report = {
  schemaVersion: 1,
  createdAt: "2026-01-01T00:00:00Z",
  baseline: "scratch",
  variants: [{
    name: "scratch",
    contract: [
      { name: "GET /", status: "pass" },
      { name: "GET /health", status: "fail", detail: 'expected "a" & got <b>' },
    ],
    hardening: [{ name: "read-only", status: "skip", detail: "no" }],
  } as Variant],
  failures: [{
    name: "x",
    dockerfile: "Dockerfile.x",
    message: "Cannot build",
    output: "step",
  }],
  budgets: [{
    variant: "scratch",
    rule: "size",
    unit: "bytes",
    status: "fail",
    actual: 2_000_000,
    limit: 1_000_000,
  }],
};

Deno.test("junit() counts what failed and what was skipped", () => {
  const xml = junit(report);
  assertStringIncludes(
    xml,
    '<testsuites tests="6" failures="3" errors="0" skipped="1">',
  );
  assertStringIncludes(
    xml,
    'message="expected &quot;a&quot; &amp; got &lt;b>"',
  );
  assertStringIncludes(xml, 'message="2 MB exceeds 1 MB"');
});

Deno.test("junit() names a suite for each kind of check", () => {
  const names = [...junit(report).matchAll(/<testsuite name="([^"]+)"/g)].map((
    match,
  ) => match[1]);
  assertEquals(names, [
    "build",
    "scratch.contract",
    "scratch.hardening",
    "scratch.budget",
  ]);
});

Deno.test("junit() says of a fact what was expected", () => {
  const xml = junit({
    ...report,
    budgets: [{
      variant: "scratch",
      rule: "noShell",
      unit: "fact",
      status: "fail",
      actual: false,
      limit: true,
      detail: "/bin/sh",
    }],
  });
  assertStringIncludes(xml, 'message="no, expected yes; /bin/sh"');
});

Deno.test("junit() escapes what XML and terminals obey", () => {
  const hostile = hostileReport();
  hostile.failures[0].output = "]]><evil/>";
  const xml = junit(hostile);
  assertEquals(xml.match(/<script|[^\x20-\x7e\n]/g), null);
  // The end of CDATA is broken in two.
  assertStringIncludes(xml, "]]]]><![CDATA[><evil/>");
  assertStringIncludes(xml, "\\x1b[31m");
});
