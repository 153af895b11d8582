/**
 * `deno task image diff BEFORE AFTER`: what was added, removed and changed
 * between two images, and what that costs.
 *
 * @module
 */
import { diffImages } from "../inspect/diff_images.ts";
import type { DiffConfig } from "../build/config.ts";
import { EXIT } from "../lib/errors.ts";
import type { Io } from "../lib/io.ts";
import { diffTerminal } from "../report/diff_terminal.ts";
import { findSources, look } from "../build/look.ts";

/** Compares two images path by path and prints the differences. */
export async function diff(config: DiffConfig, io: Io): Promise<number> {
  const sources = await findSources([config.before, config.after], config, io);
  const [before, after] = await Promise.all(
    sources.map((source) => look(source, io)),
  );
  const found = diffImages(
    { image: before.image, rootfs: before.files },
    { image: after.image, rootfs: after.files },
  );
  io.print(
    config.json
      ? JSON.stringify(found, null, 2) + "\n"
      : diffTerminal(found, { columns: io.columns, color: io.color }),
  );
  const differs = found.paths.length > 0 || found.config.length > 0;
  return config.exitCode && differs ? EXIT.checkFailed : EXIT.ok;
}
