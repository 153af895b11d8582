/**
 * Puts the reports into a folder. All are written beside their places before the
 * first is renamed, so that nobody ever finds half a report, nor the reports of
 * two runs side by side. @module
 */
import { cacheFailure, cacheFolder, textOf } from "../lib/files.ts";
import { EXIT, explainFiles, messageOf, UserError } from "../lib/errors.ts";
import { printable } from "../lib/format.ts";
import { programName } from "../lib/own_file.ts";
import { containerName, isLeftover } from "../lib/owner.ts";
import { parseJson } from "../lib/parse_json.ts";
import type { Io } from "../lib/progress.ts";
import { html } from "./html.ts";
import { markdown } from "./markdown.ts";
import { verdictFigures } from "./problems.ts";
import { CHECK_LISTS } from "./check_kinds.ts";
import {
  type Check,
  type Report,
  reportSchema,
  type Verdict,
} from "./report_schema.ts";
import { terminal } from "./terminal.ts";
import library, { type Builder } from "junit-report-builder";
import { basename, dirname, join } from "node:path";

// Its types describe the ES module; what is loaded is the CommonJS one.
const builder = library as unknown as Builder;

/** Writes `report.json`, `report.md` and `index.html` into a folder. */
export async function writeReports(
  report: Report,
  folder: string,
): Promise<void> {
  await writeAll({
    [join(folder, "report.json")]: json(report),
    [join(folder, "report.md")]: markdown(report),
    [join(folder, "index.html")]: html(report),
  });
}

/** Prints a report that was written into `out`, and what else there is to say. */
export function printReport(
  report: Report,
  options: { out: string; json: boolean },
  io: Io,
): void {
  const failure = cacheFailure();
  if (failure !== undefined) {
    // The next run will take as long as this one.
    io.note(
      `Nothing was kept for the next run in ${cacheFolder()}: ${failure}`,
    );
  }
  if (options.json) return io.print(json(report));
  io.print(terminal(report, io));
  const page = join(options.out, "index.html");
  io.note(`Reports: ${page}, report.md and report.json beside it`);
}

/** Writes a file as a whole or not at all, into a folder that is made if need be. */
export function writeFile(file: string, text: string): Promise<void> {
  return writeAll({ [file]: text });
}

/** By what a report of ours is known; other files of these names are kept. */
const OWN = {
  "report.json": /^\{\s*"schemaVersion": \d/,
  "report.md": /^### (?:`|No image )/,
  "index.html": /deno-small-image · /,
};

/** Throws early if reports could not be written, or would replace what is none. */
export async function checkReports(folder: string): Promise<void> {
  for (const [name, own] of Object.entries(OWN)) {
    const file = join(folder, name);
    await checkWritable(file);
    const text = await textOf(file);
    if (text.trim() === "" || own.test(text)) continue;
    throw new UserError(`Cannot write "${file}": it is not a report`, {
      next: "Choose a folder for the reports alone with --out DIR",
    });
  }
}

/** Throws early if a file could not be written; takes away what killed runs left. */
export async function checkWritable(file: string): Promise<void> {
  const inTheWay = (what: string) =>
    new UserError(`Cannot write "${file}": ${what}`, {
      next: "Choose another path, or move away what is there",
    });
  const folder = dirname(file);
  try {
    if ((await stat(file))?.isDirectory) throw inTheWay("it is a folder");
    // Nothing is made yet: a folder could be taken away under another run.
    let at = folder;
    for (; await stat(at) === undefined; at = dirname(at)) {
      const link = await Deno.lstat(at).catch(() => undefined);
      if (link?.isSymlink) throw inTheWay(`"${at}" is a link to nothing`);
    }
    const { isDirectory } = await Deno.stat(at);
    if (!isDirectory) throw inTheWay(`"${at}" is no folder`);
    const beside = join(at, basename(besideOf(file)));
    try {
      await Deno.writeTextFile(beside, " ", { createNew: true });
    } finally {
      await removeIfAny(beside);
    }
    if (at !== folder) return;
    for await (const { name } of Deno.readDir(folder)) {
      if (isBeside(name)) await removeIfAny(join(folder, name));
    }
  } catch (cause) {
    throw cannotWrite(file, cause);
  }
}

/** What a path leads to; `undefined` if there is nothing. */
async function stat(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    const { NotFound, NotADirectory } = Deno.errors;
    if (error instanceof NotFound || error instanceof NotADirectory) return;
    throw error;
  }
}

/** Removes a file that may be gone, or that stays if it cannot be. */
async function removeIfAny(file: string): Promise<void> {
  await Deno.remove(file).catch(() => {});
}

/** Writes all files beside their places, then puts them there at one go. */
async function writeAll(files: Record<string, string>): Promise<void> {
  const written: [beside: string, file: string][] = [];
  let current = "";
  try {
    for (const [file, text] of Object.entries(files)) {
      current = file;
      await Deno.mkdir(dirname(file), { recursive: true });
      const beside = besideOf(file);
      written.push([beside, file]);
      await Deno.writeTextFile(beside, text, { createNew: true });
    }
    // Without a pause, in which a signal could end the process.
    for (const [beside, file] of written) {
      current = file;
      Deno.renameSync(beside, file);
    }
  } catch (cause) {
    for (const [beside] of written) await removeIfAny(beside);
    throw cannotWrite(current, cause);
  }
}

/** In the same folder: a rename works within one file system only. */
function besideOf(file: string): string {
  return join(dirname(file), `.${basename(file)}.${containerName()}`);
}

/** Whether a killed run has left it. */
function isBeside(name: string): boolean {
  return name.startsWith(".") &&
    isLeftover(name.slice(name.lastIndexOf(".") + 1));
}

const NEXT = {
  full: "Free some space, or choose another folder with --out DIR",
  readOnly: "Choose a folder that can be written to with --out DIR",
};

export function cannotWrite(file: string, cause: unknown): UserError {
  if (cause instanceof UserError) return cause;
  const message = `Cannot write "${file}"`;
  return explainFiles(message, cause, NEXT) ??
    new UserError(`${message}: ${messageOf(cause)}`, {
      next: NEXT.readOnly,
      exitCode: EXIT.environment,
      cause,
    });
}

/** Renders `report.json`; what the schema does not have is a bug, and an error. */
export function json(report: Report): string {
  return JSON.stringify(reportSchema.parse(report), null, 2) + "\n";
}

/**
 * Renders JUnit XML, which CI systems show test by test: builds, checks and
 * budgets, a suite for each variant and list of checks.
 */
export function junit(report: Report): string {
  const xml = builder.newBuilder();
  const builds = xml.testSuite().name("build");
  const build = ({ name }: { name: string }) =>
    builds.testCase().className("build").name(printable(name));
  report.variants.forEach(build);
  for (const failure of report.failures) {
    const test = build(failure);
    test.failure(lines(failure.message));
    if (failure.output) test.standardOutput(lines(failure.output));
  }
  for (const left of report.skipped ?? []) build(left).skipped();
  const suite = (title: string, checks: Check[] = []) => {
    if (checks.length === 0) return;
    const name = printable(title);
    const tests = xml.testSuite().name(name);
    for (const { name: check, status, detail = "failed" } of checks) {
      const test = tests.testCase().className(name).name(printable(check));
      if (status === "fail") test.failure(lines(detail));
      if (status === "skip") test.skipped();
    }
  };
  for (const variant of report.variants) {
    for (const list of CHECK_LISTS) {
      suite(`${variant.name}.${list}`, variant[list]);
    }
    const verdicts = report.budgets
      .filter((verdict) => verdict.variant === variant.name);
    suite(`${variant.name}.budget`, verdicts.map(asCheck));
  }
  return xml.build();
}

function asCheck(verdict: Verdict): Check {
  const { rule, status, unit, detail } = verdict;
  const { actual, limit } = verdictFigures(verdict);
  const broken = unit === "fact"
    ? `${actual}, expected ${limit}`
    : `${actual} exceeds ${limit}`;
  return {
    name: rule,
    status,
    detail: [broken, detail].filter(Boolean).join("; "),
  };
}

/** Text with its line ends, but without what XML does not allow. */
function lines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** Reads an earlier `report.json`, or says where it is not one, and why. */
export function parseReport(text: string, file: string): Report {
  const next = "Give the report.json of an earlier run, or make one: " +
    `${programName()} --write-baseline FILE`;
  // Of another file, or another version, all else is wrong as well.
  parseJson(text, file, reportSchema.pick({ schemaVersion: true }), { next });
  return parseJson(text, file, reportSchema, { next });
}
