/**
 * Builds variants a second time: from nothing, to tell what differs, and with one
 * line of the service changed. That is the next deploy: the layers that are new
 * then are what every machine pulls again.
 *
 * @module
 */
import { hash } from "node:crypto";
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import { addChecks } from "../check/run_check.ts";
import type { VariantFile } from "../dockerfile/find_variants.ts";
import { parseDockerignore } from "../dockerfile/parse_dockerfile.ts";
import type { BuildOptions, Engine } from "../engine/engine.ts";
import { compressLayers } from "../image/compress_layers.ts";
import type { Entry, Image, ImageSource, Layer } from "../image/model.ts";
import { readImage } from "../image/read_image.ts";
import { changedFields } from "../inspect/diff_images.ts";
import {
  cacheFolder,
  isThere,
  makeScratch,
  readCache,
  textOf,
  writeCache,
} from "../lib/files.ts";
import { explainFiles, UserError } from "../lib/errors.ts";
import { ownTag } from "../lib/owner.ts";
import type { Check, Variant } from "../report/report_schema.ts";
import { compression, engineSource } from "./look.ts";
import {
  type BuiltRun,
  findEntry,
  isOwnFailure,
  note,
  removeImage,
  type RunContext,
} from "./build_variants.ts";

type Say = (line: string) => void;

/** Builds a variant again; its image is there for as long as `use` reads it. */
async function buildAgain<T>(
  run: BuiltRun,
  engine: Engine,
  options: Partial<BuildOptions> & { tag: string; onLine: Say },
  use: (source: ImageSource) => Promise<T>,
): Promise<T> {
  try {
    await engine.build({ ...run.options, discardSteps: true, ...options });
    return await use(engineSource(engine, options.tag));
  } finally {
    await removeImage(engine, options.tag);
  }
}

/** Compressed bytes of a changed image's layers, by diff ID. */
const sizesSchema = z.record(z.string(), z.int().nonnegative());

type Sizes = z.output<typeof sizesSchema>;

/** A variant whose next deploy fails has a note instead. */
export async function nextDeploys(
  runs: BuiltRun[],
  context: RunContext,
): Promise<void> {
  const { progress } = context.io;
  for (const run of runs) {
    await progress.step(`Next deploy of ${run.name}`, async (say) => {
      try {
        addNextDeploy(run.variant, await changedSizes(run, context, say));
      } catch (error) {
        if (!isOwnFailure(error, context)) throw error;
        note(run, `next deploy: ${error.message}`);
      }
    });
  }
}

async function changedSizes(
  run: BuiltRun,
  context: RunContext,
  say: Say,
): Promise<Sizes> {
  const { config, engine, io: { signal } } = context;
  const { file, image } = run;
  // The change is always the same, so the same image built by the same Dockerfile
  // has the same next deploy.
  const key = JSON.stringify([engine.name, image.id, file.text]);
  const name = `${hash("sha256", key)}.json`;
  const cache = join(cacheFolder(), "next-deploy", name);
  const known = sizesSchema.safeParse(await readCache(cache));
  if (known.success) {
    say("known: neither the image nor its Dockerfile has changed");
    return known.data;
  }
  const sizes = await withChange(config.context, file, signal, (changed) => {
    const options = { ...changed, tag: ownTag("next-deploy"), onLine: say };
    return buildAgain(run, engine, options, async (source) => {
      const compress = compression(false);
      const image = await readImage(source, { signal, compress });
      const found = await compressLayers(source, image, {
        ...compress,
        signal,
      });
      return Object.fromEntries(
        Array.from(found, ([diffId, { gzipBytes }]) => [diffId, gzipBytes]),
      );
    });
  });
  await writeCache(cache, sizes);
  return sizes;
}

/** Adds what a changed image sends: the layers that this one does not have. */
export function addNextDeploy(variant: Variant, sizes: Sizes): void {
  const before = new Set(variant.layers.map(({ digest }) => digest));
  variant.nextDeployBytes = Object.entries(sizes)
    .filter(([digest]) => !before.has(digest))
    .reduce((sum, [, bytes]) => sum + bytes, 0);
  for (const layer of variant.layers) {
    layer.pulledAgain = !(layer.digest in sizes);
  }
}

/** Valid in any module, dropped by no bundler, and the same for the engine's cache. */
const CHANGE =
  '\nObject.defineProperty(globalThis, "nextDeploy", { value: 1 });\n';

/**
 * Copies a context and changes one line of the service in it; the copy is there for
 * as long as `use` takes.
 *
 * @throws {UserError} When no module to change is found, or there is no room.
 */
export async function withChange<T>(
  context: string,
  file: VariantFile,
  signal: AbortSignal | undefined,
  use: (changed: { context: string; dockerfile: string }) => Promise<T>,
): Promise<T> {
  const path = relativeTo(context, file.dockerfile);
  const entry = await findEntry(context, file);
  if (entry === undefined) {
    throw new UserError(
      `Cannot tell which module "${file.dockerfile}" compiles`,
      {
        next:
          "Name it in the Dockerfile as the last word of deno compile or deno run",
      },
    );
  }
  try {
    await using scratch = await makeScratch();
    const copy = scratch.path;
    await copyContext(context, copy, path, signal);
    await Deno.writeTextFile(`${copy}/${entry}`, CHANGE, { append: true });
    return await use({ context: copy, dockerfile: `${copy}/${path}` });
  } catch (error) {
    const next = "Set TMPDIR to a folder with room for a copy of the context";
    const message = "Cannot copy the context";
    throw explainFiles(message, error, { full: next, readOnly: next }) ?? error;
  }
}

function relativeTo(context: string, path: string): string {
  const file = relative(Deno.realPathSync(context), Deno.realPathSync(path));
  if (!file.startsWith("../")) return file;
  throw new UserError(
    `Cannot find the next deploy of "${path}": it is outside its context`,
    { next: "Keep the Dockerfile in the folder given with --context" },
  );
}

/**
 * Copies what the engine would send of a context, and the Dockerfile. Modes and times
 * are kept, so that a cache of the engine takes an unchanged file for what it is.
 */
async function copyContext(
  context: string,
  to: string,
  dockerfile: string,
  signal?: AbortSignal,
): Promise<void> {
  const [own, common] = [`${dockerfile}.dockerignore`, ".dockerignore"];
  const always = new Set([dockerfile, own, common]);
  const used = await isThere(`${context}/${own}`) ? own : common;
  const ignores = parseDockerignore(await textOf(`${context}/${used}`));
  const copy = async (path: string): Promise<boolean> => {
    signal?.throwIfAborted();
    const [from, target] = [`${context}/${path}`, `${to}/${path}`];
    const info = await Deno.lstat(from);
    let copied = always.has(path) || !ignores(path);
    if (info.isDirectory) {
      // What is in an ignored folder may be taken in again, so it is walked.
      for await (const { name } of Deno.readDir(from)) {
        copied = await copy(`${path}/${name}`) || copied;
      }
    }
    if (!copied) return false;
    await Deno.mkdir(info.isDirectory ? target : dirname(target), {
      recursive: true,
    });
    if (info.isSymlink) {
      await Deno.symlink(await Deno.readLink(from), target);
    } else if (info.isFile || info.isDirectory) {
      if (info.isFile) await Deno.copyFile(from, target);
      else await Deno.chmod(target, info.mode! & 0o7777);
      // Of a folder after what is in it: to write there changes its time.
      await Deno.utime(target, info.atime!, info.mtime!);
    }
    return true;
  };
  for await (const { name } of Deno.readDir(context)) await copy(name);
}

/** A second build that fails is a failed check. */
export async function reproduce(
  runs: BuiltRun[],
  context: RunContext,
): Promise<void> {
  const { engine, cannotDate, io: { progress, signal } } = context;
  for (const run of runs) {
    await progress.step(`Build ${run.name} again`, async (say) => {
      const options = { tag: ownTag("again"), noCache: true, onLine: say };
      const made = await buildAgain(run, engine, options, async (source) => {
        const image = await readImage(source, { signal });
        return compareBuilds(run.image, image, cannotDate);
      }).catch((error): Check[] => {
        if (!isOwnFailure(error, context)) throw error;
        const detail = [error.message, error.output].filter(Boolean).join("\n");
        return [{ name: "second build", status: "fail", detail }];
      });
      addChecks(run.variant, "reproducible", made);
    });
  }
}

/** Paths of a layer that are named; the rest is counted. */
const NAMED = 8;

/**
 * What builders state of the build itself: the service sees none of it, and no
 * option makes every builder repeat it.
 */
const UNREPEATED =
  /^(created|container|parent|history\[\d+\]\.(created|comment)|(container_)?config\.(Hostname|Image))$/;

/**
 * @param cannotDate Why the engine cannot date files: dates alone are no failure then.
 * @returns `layers`: by their digests; `config`: what else the image states, but for
 * what no builder repeats; `image ID`, when both hold.
 */
export function compareBuilds(
  first: Image,
  second: Image,
  cannotDate?: string,
): Check[] {
  const layers = layersCheck(first, second, cannotDate);
  // Digests of layers are in the config too.
  const places = compareDocuments(first.document, second.document)
    .filter((place) => !place.startsWith("rootfs."));
  const wrong = places.filter((place) => !UNREPEATED.test(place));
  const config: Check = wrong.length === 0
    ? { name: "config", status: "pass" }
    : { name: "config", status: "fail", detail: some(wrong) };
  if (layers.status !== "pass" || config.status !== "pass") {
    return [layers, config];
  }
  const name = "image ID";
  if (first.id === second.id) {
    return [layers, config, { name, status: "pass" }];
  }
  const fields = new Set(places.map((place) => place.replace(/^.*\./, "")));
  const detail = `no builder repeats what its config states of the build: ${
    LIST.format(fields)
  }`;
  return [layers, config, { name, status: "skip", detail }];
}

function layersCheck(
  first: Image,
  second: Image,
  cannotDate: string | undefined,
): Check {
  const name = "layers";
  if (first.layers.length !== second.layers.length) {
    const detail =
      `${first.layers.length} layers, then ${second.layers.length}`;
    return { name, status: "fail", detail };
  }
  const differing = first.layers.flatMap((layer, index) => {
    const again = second.layers[index];
    if (layer.diffId === again.diffId) return [];
    const { instruction } = layer;
    const title = `layer ${index + 1}${
      instruction && ` (${clip(instruction)})`
    }`;
    return { title, found: compareLayers(layer, again) };
  });
  if (differing.length === 0) return { name, status: "pass" };
  const dated = differing.every(({ found }) =>
    found.length > 0 && found.every(isDate)
  );
  const told = differing.map(({ title, found }) => `${title}: ${tell(found)}`);
  return cannotDate !== undefined && dated
    ? { name, status: "skip", detail: `${cannotDate}: ${told.join("; ")}` }
    : { name, status: "fail", detail: told.join("\n") };
}

function isDate({ changes }: RecordDifference): boolean {
  return changes.every((change) => change === "mtime");
}

/** What matters most comes first: a date alone is the least. */
function tell(found: RecordDifference[]): string {
  if (found.length === 0) {
    return "the same records, in another order or with other headers";
  }
  const others = found.filter((one) => !isDate(one));
  const chosen = others.length > 0 ? others : found;
  const named = some(
    chosen.map(({ path, changes }) => `${path} (${changes.join(", ")})`),
  );
  const dates = found.length - chosen.length;
  return dates === 0 ? named : `${named}; ${dates} by mtime alone`;
}

/** The first few, and how many there are beside them. */
function some(words: string[]): string {
  const more = words.length - NAMED;
  return LIST.format(
    more > 0 ? [...words.slice(0, NAMED), `${more} more`] : words,
  );
}

/** `a, b and c`. */
const LIST = new Intl.ListFormat("en-GB");

/** Instructions can be whole scripts. */
function clip(instruction: string): string {
  const line = instruction.replace(/\s+/g, " ");
  return line.length <= 40 ? line : `${line.slice(0, 39)}…`;
}

/** The places where two documents differ, as `config.Env[0]`; `""` for the whole. */
export function compareDocuments(
  first: unknown,
  second: unknown,
  at = "",
): string[] {
  const isList = Array.isArray(first);
  if (
    !isObject(first) || !isObject(second) || isList !== Array.isArray(second)
  ) {
    return Object.is(first, second) ? [] : [at];
  }
  const below = (name: string) =>
    isList ? `${at}[${name}]` : at ? `${at}.${name}` : name;
  const names = new Set([...Object.keys(first), ...Object.keys(second)]);
  return [...names].flatMap((name) =>
    compareDocuments(first[name], second[name], below(name))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

interface RecordDifference {
  path: string;
  /** What differs, or in which build alone the path is. */
  changes: string[];
}

/** None where only the order of records differs, or a header not looked at. */
export function compareLayers(
  first: Pick<Layer, "entries">,
  second: Pick<Layer, "entries">,
): RecordDifference[] {
  // Of a path that is there twice, the last record counts, as when it is unpacked.
  const [before, after] = [first, second].map(({ entries }) =>
    new Map(entries.map((entry) => [entry.path, entry]))
  );
  return [...new Set([...before.keys(), ...after.keys()])].sort()
    .map((path) => ({
      path: `/${path}`,
      changes: recordChanges(before.get(path), after.get(path)),
    }))
    .filter(({ changes }) => changes.length > 0);
}

function recordChanges(a: Entry | undefined, b: Entry | undefined): string[] {
  if (a === undefined) return ["only in the second build"];
  if (b === undefined) return ["only in the first build"];
  return [...changedFields(a, b), ...a.mtime === b.mtime ? [] : ["mtime"]];
}
