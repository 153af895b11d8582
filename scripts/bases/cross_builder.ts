/**
 * The builder for another architecture is the machine's own with one more layer:
 * the `denort` of the target in place of its own. What runs in a build stays
 * native.
 *
 * @module
 */
import type { Architecture } from "../lib/platform.ts";
import { program } from "./builder_base.ts";
import { DENORT } from "./pins.ts";
import { readProgram } from "./programs.ts";
import { TarWriter } from "./tar.ts";

/**
 * Puts another `denort` where `DENORT_BIN` of the builder points to.
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
  const pin = DENORT[architecture];
  await using tar = new TarWriter(path);
  await tar.add(
    program("usr/bin/denort", pin.size),
    readProgram(wheel, pin, architecture),
  );
  await tar.finish();
}
