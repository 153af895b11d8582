/**
 * Where a report goes: the three files, a baseline, JUnit, a summary for GitHub,
 * and the terminal.
 *
 * @module
 */
import { join } from "node:path";
import type { BuildConfig } from "./config.ts";
import type { Io } from "../lib/io.ts";
import { json } from "../report/json.ts";
import { junit } from "../report/junit.ts";
import { markdown } from "../report/markdown.ts";
import { terminal } from "../report/terminal.ts";
import {
  cannotWrite,
  writeFile,
  writeReports,
} from "../report/write_reports.ts";
import type { Report } from "../report/report_schema.ts";

/**
 * Writes a report wherever it was asked for.
 *
 * @throws {UserError} When a file cannot be written.
 */
export async function publish(
  report: Report,
  config: BuildConfig,
  io: Io,
): Promise<void> {
  await writeReports(report, config.out);
  if (config.writeBaseline !== undefined) {
    await writeFile(config.writeBaseline, json(report));
  }
  if (config.junit !== undefined) await writeFile(config.junit, junit(report));
  const summary = Deno.env.get("GITHUB_STEP_SUMMARY");
  if (summary) {
    await Deno.writeTextFile(summary, markdown(report), { append: true })
      .catch((error) => {
        throw cannotWrite(summary, error);
      });
  }
  if (config.json) {
    io.print(json(report));
    return;
  }
  io.print(terminal(report, { columns: io.columns, color: io.color }));
  io.note(
    `Reports: ${
      join(config.out, "index.html")
    }, report.md and report.json beside it`,
  );
}
