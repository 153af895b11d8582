/**
 * A root filesystem becomes an image: a build context of two files that every
 * engine can build, for any architecture, since nothing in it runs.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { EXIT, messageOf, UserError } from "../lib/errors.ts";
import type { Engine } from "../engine/engine.ts";
import { makeScratch, removeScratch } from "../lib/scratch_folder.ts";

/** What a base is made of. */
export interface BaseOptions {
  /** Name of the image. */
  tag: string;
  /** Starts from scratch and adds `rootfs.tar`. */
  dockerfile: string;
  /**
   * Writes the root filesystem.
   *
   * @param path Where to.
   * @param folder A folder for temporary files.
   */
  write(path: string, folder: string): Promise<void>;
  /** As `linux/arm64`; the machine's own when absent. */
  platform?: string;
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

/**
 * Builds a base; whatever happens, its temporary files are gone afterwards.
 *
 * @param engine What builds and keeps it.
 * @param options What it is made of.
 * @throws {UserError} when the disk is full or the engine cannot build it.
 */
export async function buildBase(
  engine: Engine,
  { tag, dockerfile, write, platform, onLine, signal }: BaseOptions,
): Promise<void> {
  const folder = await makeScratch();
  try {
    const context = `${folder}/context`;
    await Deno.mkdir(context);
    await Deno.writeTextFile(`${context}/Dockerfile`, dockerfile);
    await write(`${context}/rootfs.tar`, folder);
    signal?.throwIfAborted();
    onLine?.(`building ${tag}`);
    const replaced = (await engine.inspect(tag))?.id;
    await engine.build({
      context,
      dockerfile: `${context}/Dockerfile`,
      tag,
      platform,
      signal,
    });
    if (replaced !== undefined) await forget(engine, replaced, tag);
  } catch (error) {
    throw withCause(error);
  } finally {
    await removeScratch(folder);
  }
}

/** Removes the image that lost its tag, unless something still needs it. */
async function forget(engine: Engine, id: string, tag: string): Promise<void> {
  if ((await engine.inspect(tag))?.id === id) return;
  try {
    await engine.remove(id);
  } catch {
    // Images built on it keep it.
  }
}

function withCause(error: unknown): unknown {
  if (error instanceof UserError) return error;
  if (!/no space left/i.test(messageOf(error))) return error;
  return new UserError("Cannot assemble the bases: no space left on device", {
    next:
      "Free some space where temporary files go, or set TMPDIR to a folder with 1 GB",
    exitCode: EXIT.environment,
    cause: error,
  });
}

/** Anything that JSON can write. */
export type Json =
  | string
  | number
  | boolean
  | null
  | Json[]
  | { [key: string]: Json };

/**
 * Name and tag of a base.
 *
 * @param kind What the base is for.
 * @param ingredients All that decides its content; the order of keys is of no
 * matter, the order of lists is.
 * @returns For example `localhost/deno-small-image/runtime:8f1c0a92b3d4`.
 */
export function baseName(kind: "builder" | "runtime", ingredients: Json) {
  const hash = createHash("sha256").update(canonical(ingredients)).digest(
    "hex",
  );
  return `localhost/deno-small-image/${kind}:${hash.slice(0, 12)}`;
}

/** JSON with sorted keys. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const pairs = Object.keys(value).sort().map((key) =>
      `${JSON.stringify(key)}:${canonical(value[key])}`
    );
    return `{${pairs.join(",")}}`;
  }
  return JSON.stringify(value);
}
