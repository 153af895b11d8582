/**
 * The report as JSON, and an earlier one read back: both through the schema, so
 * that what is written can always be read.
 *
 * @module
 */
import { UserError } from "../lib/errors.ts";
import { parseJson } from "../lib/parse_json.ts";
import { type Report, reportSchema } from "./report_schema.ts";

/**
 * Renders `report.json`.
 *
 * @param report The report.
 * @returns JSON with the schema's order of keys, two spaces and a newline.
 * @throws {Error} When the report is not what the schema says, which is a bug.
 */
export function json(report: Report): string {
  return JSON.stringify(reportSchema.parse(report), null, 2) + "\n";
}

/**
 * Reads an earlier `report.json`.
 *
 * @param text The JSON.
 * @param file Its path, for messages.
 * @throws {UserError} That says where it is not a report, and why.
 */
export function parseReport(text: string, file: string): Report {
  try {
    return parseJson(text, file, reportSchema);
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    throw new UserError(cause.message, {
      next: "Give the report.json of an earlier run, or make one: " +
        "deno task image --write-baseline FILE",
      output: cause.output,
      exitCode: cause.exitCode,
    });
  }
}
