/**
 * `deno task image init [DIR]`: Dockerfiles, contract and budget for a service
 * that has none, made from this project's own.
 *
 * @module
 */
import { join } from "node:path";
import type { InitConfig } from "../build/config.ts";
import { EXIT, messageOf, UserError } from "../lib/errors.ts";
import { printable } from "../lib/format.ts";
import { fillDockerfile } from "../init/fill_dockerfile.ts";
import { fillDockerignore } from "../init/fill_dockerignore.ts";
import { findService } from "../init/find_service.ts";
import { firstBudget } from "../init/first_budget.ts";
import { firstContract } from "../init/first_contract.ts";
import type { Service } from "../init/service.ts";
import type { Io } from "../lib/io.ts";
import { ownFile } from "../lib/own_file.ts";

/** Says what is known of a service, and writes what it does not have yet. */
export async function init(config: InitConfig, io: Io): Promise<number> {
  const { service, reasons } = await findService(config.folder, config.entry);
  const files = [];
  for (const [name, text] of await fillAll(service)) {
    const path = join(config.folder, name);
    const there = await Deno.lstat(path).then(() => true, () => false);
    files.push({ name, path, text, written: !there });
  }
  const verb = config.dryRun ? "would write" : "write";
  const plan = [
    ...reasons.map(({ what, value, source }) => [what, value, `(${source})`]),
    [],
    ...files.map(({ path, written }) =>
      written ? [verb, path] : ["keep", path, "(it is there already)"]
    ),
  ];
  if (!config.json) io.print(lines(plan));
  for (const file of files) {
    if (file.written && !config.dryRun) {
      file.written = await writeNew(file.path, file.text);
    }
  }
  if (config.json) {
    const list = files.map(({ name, written }) => ({ name, written }));
    io.print(
      JSON.stringify({ service, reasons, files: list }, null, 2) + "\n",
    );
  } else if (!config.dryRun) {
    io.note(`next:  deno task image --context ${config.folder}`);
  }
  return EXIT.ok;
}

/** All files that a service needs, by name. */
async function fillAll(service: Service): Promise<[string, string][]> {
  const dockerfiles = [
    "Dockerfile",
    "Dockerfile.multistage",
    "Dockerfile.scratch",
    "Dockerfile.layered",
  ];
  return [
    ...await Promise.all(
      dockerfiles.map(async (name): Promise<[string, string]> => [
        name,
        fillDockerfile(await ownFile(name), service),
      ]),
    ),
    [
      ".dockerignore",
      fillDockerignore(await ownFile(".dockerignore"), service),
    ],
    ["split.ts", await ownFile("scripts/deno_binary/split.ts")],
    ["contract.json", firstContract(service)],
    ["budget.json", firstBudget(await ownFile("budget.json"))],
  ];
}

/** Writes a file unless one has appeared there; tells whether it did. */
async function writeNew(path: string, text: string): Promise<boolean> {
  try {
    await Deno.writeTextFile(path, text, { createNew: true });
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
