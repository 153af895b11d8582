/**
 * Two runs at once, and a clock that jumps.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { join, normalize, relative } from "node:path";
import { parseReport } from "../scripts/report/write_reports.ts";
import { SERVES } from "./fault_context.ts";
import { withEngines } from "./fault_engines.ts";
import { Place } from "./fault_place.ts";

withEngines("two runs at once do not mix up their images", async (engine) => {
  await using place = await Place.make(engine, {
    // The tags are the same, the images are not.
    Dockerfile: SERVES.replace(
      "USER",
      "ARG WHO\nRUN echo $WHO > /who\nENV WHO=$WHO\nUSER",
    ),
    "Dockerfile.two": SERVES,
  });
  const results = await Promise.all(["first", "second"].map(async (who) => {
    const args = ["--quick", "--json", "--build-arg", `WHO=${who}`];
    const { code, stdout, stderr } = await place.run(args);
    assertEquals(code, 0, stderr);
    const report = parseReport(stdout, "stdout");
    assert(report.variants[0].config.env.includes(`WHO=${who}`), stdout);
    assertEquals(
      report.bases,
      undefined,
      "bases that no Dockerfile leaves open",
    );
    return report;
  }));
  const written = await place.reports();
  assert(
    results.some((report) =>
      JSON.stringify(report) === JSON.stringify(written)
    ),
    "the report is of neither run",
  );
  await place.assertNothingLeft();
});

/**
 * The time of day is compared with what docker tells by the same clock, and only
 * where that was not set meanwhile.
 */
const COMPARES = "engine/docker_like.ts";

Deno.test("what is measured is measured by a clock that does not jump", async () => {
  const scripts = normalize(join(import.meta.dirname ?? ".", "../scripts"));
  const found: string[] = [];
  const walk = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = join(folder, name);
      if (isDirectory) await walk(path);
      else if (/(?<!_test)\.ts$/.test(name)) {
        const text = await Deno.readTextFile(path);
        if (/\bDate\.now\b/.test(text)) found.push(relative(scripts, path));
      }
    }
  };
  await walk(scripts);
  assertEquals(found, [COMPARES]);
});
