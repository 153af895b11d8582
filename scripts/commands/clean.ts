/** `deno task image clean`: removes what runs have left. @module */
import type { Command } from "commander";
import { findLeft } from "../build/clean.ts";
import { type EngineChoice, prepareEngine } from "../engine/find_engine.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { formatBytes, printable } from "../lib/format.ts";
import type { Io } from "../lib/progress.ts";
import { withEngine, withExamples } from "./options.ts";

export function define(command: Command): void {
  withEngine(command)
    .description(
      "Remove what runs have left: a context's images, the steps they were built in, and the cache, which all contexts share.",
    )
    .option("--context <dir>", "folder whose images are meant", ".")
    .option("--bases", "bases from packages too, and their programs", false)
    .option("--dry-run", "only show what would be removed", false);
  withExamples(
    command,
    "clean --dry-run",
    "clean --bases --context ../my-service",
  );
}

/** @throws {UserError} When the engine refuses to remove some of it. */
export async function run(
  options: EngineChoice & { context: string; bases: boolean; dryRun: boolean },
  io: Io,
): Promise<number> {
  const { context, bases, dryRun } = options;
  const engine = await prepareEngine(options, io, { sweeps: false });
  const show = (what: string, name: string, size = "") =>
    io.print(`${what.padEnd(9)} ${printable(name)}${size}\n`);
  const swept = Object.entries(await engine.sweep({ remove: !dryRun }))
    .flatMap(([what, names]) => names.map((name) => [what, name]));
  for (const [what, name] of swept) show(what, name);
  const left = await findLeft(context, engine, { bases });
  const refused: string[] = [];
  for (const { what, name, bytes, remove } of left) {
    const size = bytes === undefined ? "" : `  ${formatBytes(bytes)}`;
    const why = dryRun ? undefined : await remove();
    if (why === undefined) show(what, name, size);
    else refused.push(`${name}: ${why}`);
  }
  if (left.length + swept.length === 0) io.print("Nothing is left\n");
  else if (dryRun) io.print("Nothing was removed: leave out --dry-run\n");
  if (engine.pruneCommand !== undefined) {
    io.note(
      `note:  ${engine.name} keeps a cache of all its builds: ${engine.pruneCommand}`,
    );
  }
  if (refused.length > 0) {
    throw new UserError(
      `Cannot remove ${refused.length} of ${left.length} things`,
      {
        next: "Remove the containers that still use them, and run again",
        exitCode: EXIT.environment,
        output: refused.join("\n"),
      },
    );
  }
  return EXIT.ok;
}
