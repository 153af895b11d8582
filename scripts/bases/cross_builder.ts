/**
 * The builder for another architecture is the machine's own with one more layer:
 * the `denort` of the target beside its own. What runs in a build stays native.
 *
 * @module
 */
import type { Architecture } from "../lib/platform.ts";
import { addDenort } from "./builder_base.ts";
import { readProgram } from "./programs.ts";
import { TarWriter } from "./tar.ts";

/**
 * Puts another `denort` where `deno compile` keeps them.
 *
 * @param builder Name of the machine's own builder.
 */
export function crossDockerfile(builder: string): string {
  return `FROM ${builder}\nADD rootfs.tar /\n`;
}

/**
 * Writes what is laid over the machine's own builder.
 *
 * @param path The tar to write.
 * @param wheel Path of the wheel with the target's `denort`.
 * @param architecture The target's.
 * @throws {UserError} when the program in the wheel has another hash.
 */
export async function writeCross(
  path: string,
  wheel: string,
  architecture: Architecture,
): Promise<void> {
  await using tar = new TarWriter(path);
  await addDenort(tar, wheel, readProgram, architecture);
  await tar.finish();
}
