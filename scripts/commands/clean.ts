/**
 * `deno task image clean`: removes what runs have left in an engine and on disk.
 * Only what the tool has made, by its names and its own records.
 *
 * @module
 */
import type { Command } from "commander";
import { basename, resolve } from "node:path";
import { MADE, madeImages } from "../build/image_names.ts";
import type { Engine } from "../engine/engine.ts";
import { type EngineChoice, prepareEngine } from "../engine/find_engine.ts";
import { cacheFolder, filesIn } from "../lib/files.ts";
import { EXIT, messageOf, UserError } from "../lib/errors.ts";
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
    try {
      if (!dryRun) await remove();
      show(what, name, size);
    } catch (error) {
      refused.push(`${name}: ${messageOf(error)}`);
    }
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

/** Bases that were assembled from packages. */
const BASES = "localhost/deno-small-image/";

interface Left {
  what: "image" | "steps" | "base" | "cache";
  /** The image's name, the folder or a number of images. */
  name: string;
  /** What it takes; absent where the engine does not tell. */
  bytes?: number;
  remove(): Promise<unknown>;
}

/** @param options `bases`: bases from packages too, and the programs in them. */
export async function findLeft(
  context: string,
  engine: Engine,
  { bases, folder = cacheFolder() }: { bases: boolean; folder?: string },
): Promise<Left[]> {
  const left: Left[] = [];
  for (const made of await madeImages({ engine, context, folder })) {
    left.push({
      what: "image",
      name: made.name,
      bytes: made.info.sizeBytes,
      remove: async () => {
        await engine.remove(made.name);
        await Deno.remove(made.file);
      },
    });
  }
  // Images go before what they are built upon.
  const steps = await engine.steps(context, { remove: false });
  if (steps > 0) {
    const absolute = resolve(context);
    left.push({
      what: "steps",
      name: `${steps} untagged images that builds of ${absolute} start from`,
      remove: () => engine.steps(context, { remove: true }),
    });
  }
  for (const name of bases ? await engine.list() : []) {
    if (!name.startsWith(BASES)) continue;
    left.push({
      what: "base",
      name,
      bytes: (await engine.inspect(name))?.sizeBytes,
      remove: () => engine.remove(name),
    });
  }
  for (const path of await filesIn(folder)) {
    // The records are needed to remove what they name.
    if (["steps", MADE].includes(basename(path))) continue;
    const isProgram = path.endsWith(".whl"); // Of the bases.
    if (isProgram && !bases) continue;
    left.push({
      what: isProgram ? "base" : "cache",
      name: isProgram ? path : `${path} (of all contexts)`,
      bytes: await sizeOf(path),
      remove: () => Deno.remove(path, { recursive: true }),
    });
  }
  return left;
}

/** Bytes of the files in a file or folder. */
async function sizeOf(path: string): Promise<number> {
  const { isDirectory, size } = await Deno.lstat(path);
  if (!isDirectory) return size;
  let sum = 0;
  for (const file of await filesIn(path)) sum += await sizeOf(file);
  return sum;
}
