import { assert, assertStringIncludes } from "@std/assert";
import { html } from "./html.ts";
import { junit } from "./write_reports.ts";
import { markdown } from "./markdown.ts";
import { terminal } from "./terminal.ts";
import { fixtureReport } from "../../testing/report.ts";

const DETAIL = "layer 2 (RUN deno compile): /hello (content)";

/** A report in which one variant differs, one is the same, one was not built again. */
function reproduced() {
  const report = fixtureReport();
  const [single, multi] = report.variants;
  single.reproducible = [
    { name: "layers", status: "fail", detail: DETAIL },
    { name: "config", status: "pass" },
  ];
  multi.reproducible = [
    { name: "layers", status: "pass" },
    { name: "config", status: "pass" },
    { name: "image ID", status: "skip", detail: "it states created" },
  ];
  return report;
}

Deno.test("every report tells what a second build made the same", () => {
  const report = reproduced();
  const shown = terminal(report, { columns: 80, color: false });
  assertStringIncludes(shown, "REPRODUCIBLE");
  assertStringIncludes(
    shown,
    `FAIL  single-stage, reproducible: layers\n      ${DETAIL}`,
  );
  assertStringIncludes(shown, "SKIP  multi-stage: image ID: it states created");

  const comment = markdown(report);
  assertStringIncludes(comment, "❌ 1/2");
  assertStringIncludes(comment, "✅ 2/2");
  assertStringIncludes(comment, `reproducible: \`layers\` – \`${DETAIL}\``);

  const page = html(report);
  assertStringIncludes(page, "reproducible 3/4");
  assertStringIncludes(page, "Reproducible: what a second build made the same");
  assertStringIncludes(page, DETAIL);

  const xml = junit(report);
  assertStringIncludes(xml, 'name="single-stage.reproducible"');
  assertStringIncludes(xml, DETAIL);
});

Deno.test("no report mentions a second build that there was not", () => {
  const report = fixtureReport();
  for (
    const text of [
      terminal(report, { columns: 80, color: false }),
      markdown(report),
      html(report),
      junit(report),
    ]
  ) assert(!/reproducible/i.test(text));
});
