import { assertEquals, assertStringIncludes } from "@std/assert";
import { failedReport, fixtureReport } from "../testing/report.ts";
import {
  annotations,
  argumentsOf,
  comment,
  commentMarker,
  outputs,
} from "./action.ts";

const given = (inputs: Record<string, string>) => (name: string) =>
  ({ RUNNER_TEMP: "/t", ...inputs })[name] ?? "";
const KEPT = ["--write-baseline", "/t/deno-small-image/report.json"];

Deno.test("argumentsOf() has defaults for inputs that are not given", () => {
  assertEquals(argumentsOf(given({})), [
    ...["--context", ".", "--out", "report"],
    ...KEPT,
  ]);
});

Deno.test("argumentsOf() hands each input on, and the baseline where there is one", () => {
  assertEquals(
    argumentsOf(
      given({
        INPUT_CONTEXT: "service",
        INPUT_ENGINE: "podman",
        INPUT_BUDGET: "limits.json",
        INPUT_ARGS: " --quick  --zstd\n",
      }),
      "before.json",
    ),
    [
      ...["--context", "service", "--out", "report", "--engine", "podman"],
      ...["--budget", "limits.json", "--baseline", "before.json"],
      ...KEPT,
      ...["--quick", "--zstd"],
    ],
  );
});

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
  report.budgets = [{
    variant: "scratch",
    rule: "size",
    unit: "bytes",
    actual: 95_600_000,
    limit: 90_000_000,
    status: "fail",
  }];
  assertEquals(
    annotations(report).at(-1),
    "::error title=scratch%3A size::95.6 MB, the limit is 90 MB",
  );
});

Deno.test("comment() begins with its marker, then says what the change costs", () => {
  const report = fixtureReport();
  const [{ name }] = report.variants;
  report.growth = [{
    variant: name,
    size: { name: "size", before: 1_000_000, after: 3_000_000 },
    pull: { name: "pull", before: 5, after: 5 },
    layers: [],
    paths: [],
    packages: [],
  }];
  const text = comment(report, "apps/a");
  assertEquals(text.split("\n")[0], commentMarker("apps/a"));
  assertStringIncludes(text, "pull unchanged, size +2 MB");
});

Deno.test("commentMarker() cannot be ended by the name of a folder", () => {
  assertEquals(commentMarker("a-->b"), "<!-- deno-small-image: a>b -->");
});
