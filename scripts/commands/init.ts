/** `deno task image init`: Dockerfiles, contract and budget for a service. @module */
import { join } from "node:path";
import type { Command } from "commander";
import { imageTag } from "../build/image_tag.ts";
import { variantName } from "../dockerfile/find_variants.ts";
import { EXIT, messageOf, UserError } from "../lib/errors.ts";
import { printable } from "../lib/format.ts";
import {
  fillDockerfile,
  fillDockerignore,
  fillModule,
  firstBudget,
  firstContract,
} from "../init/fill_files.ts";
import { foreignIgnores } from "../init/find_files.ts";
import { findService, type Found } from "../init/find_service.ts";
import type { Io } from "../lib/progress.ts";
import { ownFile } from "../lib/own_file.ts";
import { json, PROGRAM, withExamples } from "./options.ts";

const DOCKERFILES = [
  "Dockerfile",
  "Dockerfile.multistage",
  "Dockerfile.scratch",
  "Dockerfile.layered",
];

export function define(command: Command): void {
  command
    .description("Write Dockerfiles, contract and budget for a Deno service.")
    .argument("[folder]", "folder of the service", ".")
    .option("--entry <file>", "module that serves (default: found out)")
    .option("--force", "replace files that are there already", false)
    .option("--dry-run", "show what would be written, and write nothing", false)
    .addOption(json());
  withExamples(
    command,
    "init ../my-service",
    "init --entry serve.ts --dry-run",
  );
}

export async function run(
  config: {
    folder: string;
    /** From the folder; absent: found out. */
    entry?: string;
    force: boolean;
    dryRun: boolean;
    json: boolean;
  },
  io: Io,
): Promise<number> {
  const found = await findService(config.folder, config.entry);
  const { service, root, notes } = found;
  // As it was given, unless it is a member of a workspace above.
  const context = await Deno.realPath(config.folder) === root
    ? config.folder
    : root;
  const images = DOCKERFILES.map((name) =>
    imageTag(context, variantName(name))
  );
  const reasons = [
    ...found.reasons,
    { what: "images", value: images.join(" "), source: "the context's name" },
  ];
  const files = [];
  const foreign = !config.force && await foreignIgnores(context) !== undefined;
  for (const [name, text] of await fillAll(found, foreign)) {
    const path = join(context, name);
    const there = await Deno.lstat(path).then(() => true, () => false);
    files.push({ name, path, text, there, written: !there || config.force });
  }
  const verb = config.dryRun ? "would write" : "write";
  const again = config.dryRun ? "would replace" : "replace";
  const plan = [
    ...reasons.map(({ what, value, source }) => [what, value, `(${source})`]),
    [],
    ...files.map(({ path, there, written }) =>
      written
        ? [there ? again : verb, path]
        : ["keep", path, "(it is there already; --force replaces it)"]
    ),
  ];
  if (!config.json) io.print(lines(plan));
  for (const file of files) {
    if (file.written && !config.dryRun) {
      file.written = await write(file.path, file.text, config.force);
    }
  }
  if (config.json) {
    const list = files.map(({ name, written }) => ({ name, written }));
    io.print(
      JSON.stringify({ service, reasons, notes, files: list }, null, 2) + "\n",
    );
    return EXIT.ok;
  }
  for (const note of notes) io.note(`note:  ${printable(note)}`);
  if (!config.dryRun) io.note(`next:  ${PROGRAM} --context ${context}`);
  return EXIT.ok;
}

/** By name; a `.dockerignore` of others is left, each Dockerfile gets its own. */
async function fillAll(
  { service, written }: Found,
  hasForeign: boolean,
): Promise<[string, string][]> {
  const files: [string, string][] = [];
  for (const name of DOCKERFILES) {
    files.push([name, fillDockerfile(await ownFile(name), service)]);
  }
  const ignored = fillDockerignore(await ownFile(".dockerignore"), service);
  const names = hasForeign
    ? DOCKERFILES.map((name) => `${name}.dockerignore`)
    : [".dockerignore"];
  for (const name of names) files.push([name, ignored]);
  for (const { template, path } of written) {
    const text = await ownFile(`scripts/init/templates/${template}.ts`);
    files.push([path, fillModule(text, service)]);
  }
  return [
    ...files,
    ["split.ts", await ownFile("scripts/deno_binary/split.ts")],
    ["contract.json", firstContract(service)],
    ["budget.json", firstBudget(await ownFile("budget.json"), service)],
  ];
}

/** Writes a file unless one has appeared there; tells whether it did. */
async function write(
  path: string,
  text: string,
  force: boolean,
): Promise<boolean> {
  try {
    await Deno.writeTextFile(path, text, { createNew: !force });
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists) return false;
    throw new UserError(`Cannot write "${path}": ${messageOf(cause)}`, {
      next: "Make the folder writable, or copy it to one that is",
      exitCode: EXIT.environment,
      cause,
    });
  }
}

function lines(rows: string[][]): string {
  const width = Math.max(...rows.map(([first = ""]) => first.length));
  return rows.map(([first = "", ...rest]) =>
    [first.padEnd(width), ...rest.map(printable)].join("  ").trimEnd() + "\n"
  ).join("");
}
