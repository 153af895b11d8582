/**
 * Puts the reports into a folder. Each is written beside its place and renamed,
 * so that nobody ever finds half a report.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { EXIT, messageOf, UserError } from "../errors.ts";
import type { Report } from "../schema.ts";
import { html } from "./html.ts";
import { json } from "./json.ts";
import { markdown } from "./markdown.ts";

/**
 * Writes `report.json`, `report.md` and `index.html`.
 *
 * @param report The report.
 * @param folder Where to; made if it is not there.
 * @throws {UserError} When the folder cannot be written to, or the disk is full.
 */
export async function writeReports(
  report: Report,
  folder: string,
): Promise<void> {
  // All are rendered before the first is written: they belong together.
  const files = {
    "report.json": json(report),
    "report.md": markdown(report),
    "index.html": html(report),
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text);
  }
}

/**
 * Writes a file as a whole or not at all.
 *
 * @param file Its path; the folder is made if it is not there.
 * @param text What to write.
 * @throws {UserError} When it cannot be written.
 */
export async function writeFile(file: string, text: string): Promise<void> {
  const folder = dirname(file);
  // In the same folder: a rename works within one file system only.
  const beside = join(folder, `.${basename(file)}.${crypto.randomUUID()}`);
  try {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(beside, text, { createNew: true });
    await Deno.rename(beside, file);
  } catch (cause) {
    await Deno.remove(beside).catch(() => {});
    throw cannotWrite(file, cause);
  }
}

/**
 * Says why a file could not be written, and what to do about it.
 *
 * @param file Its path.
 * @param cause What the system threw.
 */
export function cannotWrite(file: string, cause: unknown): UserError {
  const message = messageOf(cause);
  const full = /os error (28|122)|no space left|quota/i.test(message);
  const readOnly = /os error 30|read-only/i.test(message);
  return new UserError(
    `Cannot write "${file}": ${
      full ? "the disk is full" : readOnly ? "it is read-only there" : message
    }`,
    {
      next: full
        ? "Free some space, or choose another folder with --out DIR"
        : "Choose a folder that can be written to with --out DIR",
      exitCode: EXIT.environment,
      cause,
    },
  );
}
