/**
 * `deno task image compare IMAGE...`: the table and the reports for images that
 * exist already.
 *
 * @module
 */
import { join } from "node:path";
import type { CompareConfig } from "../build/config.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import type { Io } from "../lib/io.ts";
import { json } from "../report/json.ts";
import { terminal } from "../report/terminal.ts";
import { checkWritable, writeReports } from "../report/write_reports.ts";
import type { Report } from "../report/report_schema.ts";
import { findSources, look, type Looked } from "../build/look.ts";
import { layerSizes, tellCacheFailure, withPull } from "../build/pull_sizes.ts";

/** Compares images by size, pull, waste and surface, and writes the reports. */
export async function compare(config: CompareConfig, io: Io): Promise<number> {
  const baseline = config.against ?? config.images[0];
  if (!config.images.includes(baseline)) {
    throw new UserError(
      `Cannot compare with "${baseline}": it is not among the images`,
      {
        next: `Choose one of ${config.images.join(", ")} with --against`,
      },
    );
  }
  await checkWritable(join(config.out, "report.json"));
  const looked: Looked[] = [];
  for (const source of await findSources(config.images, config, io)) {
    looked.push(
      await io.progress.step(
        `Look inside ${source.reference}`,
        () => look(source, io),
      ),
    );
  }
  const sizes = await io.progress.step(
    "Compress the layers",
    () => layerSizes(looked, { zstd: config.zstd, io }),
  );
  const report: Report = {
    schemaVersion: 1,
    createdAt: new Date().toISOString(),
    baseline,
    variants: looked.map(({ source, analysis }) => ({
      name: source.reference,
      ...analysis,
      ...withPull(analysis.layers, sizes),
    })),
    failures: [],
    budgets: [],
  };
  tellCacheFailure(io);
  await writeReports(report, config.out);
  if (config.json) io.print(json(report));
  else {
    io.print(terminal(report, { columns: io.columns, color: io.color }));
    io.note(
      `Reports: ${
        join(config.out, "index.html")
      }, report.md and report.json beside it`,
    );
  }
  return EXIT.ok;
}
