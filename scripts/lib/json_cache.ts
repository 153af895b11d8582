/**
 * Small results kept on disk between runs. A cache that cannot be read or
 * written costs time, never the result.
 *
 * @module
 */
import { dirname } from "node:path";
import { messageOf } from "./errors.ts";

/**
 * What was kept in a file.
 *
 * @returns Anything: the caller checks it; `undefined` if there is nothing, or
 * nothing that can be read.
 */
export async function readCache(file: string): Promise<unknown> {
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch {
    return undefined;
  }
}

let failure: string | undefined;

/** Why something could not be kept since the start; `undefined` when all was. */
export function cacheFailure(): string | undefined {
  return failure;
}

/** Keeps a value; renamed into place, so that no one ever reads half of it. */
export async function writeCache(file: string, value: unknown): Promise<void> {
  const beside = `${file}.${crypto.randomUUID()}`;
  try {
    await Deno.mkdir(dirname(file), { recursive: true });
    await Deno.writeTextFile(beside, JSON.stringify(value));
    await Deno.rename(beside, file);
  } catch (error) {
    failure ??= messageOf(error);
    await Deno.remove(beside).catch(() => {});
  }
}
