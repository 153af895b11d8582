/** `deno task image diff`: what differs between two images. @module */
import type { Command } from "commander";
import { findSources, look } from "../build/look.ts";
import { diffImages } from "../inspect/diff_images.ts";
import { EXIT } from "../lib/errors.ts";
import type { Io } from "../lib/progress.ts";
import { diffDocument } from "../report/diff_document.ts";
import { writeTerminal } from "../report/terminal.ts";
import {
  IMAGE,
  type PlatformOptions,
  withExamples,
  withPlatform,
} from "./options.ts";

export function define(command: Command): void {
  withPlatform(command)
    .description("Show what differs between two images and what it costs.")
    .argument("<before>", IMAGE)
    .argument("<after>", IMAGE)
    .option("--exit-code", "end with 1 when the images differ", false);
  withExamples(
    command,
    "diff hello:multi-stage hello:scratch",
    "diff old.tar new.tar --exit-code",
  );
}

export async function run(
  options: PlatformOptions & {
    before: string;
    after: string;
    exitCode: boolean;
  },
  io: Io,
): Promise<number> {
  const images = [options.before, options.after];
  const sources = await findSources(images, options, io);
  const [before, after] = await Promise.all(
    sources.map((source) => look(source, io)),
  );
  const found = diffImages(before, after);
  io.print(
    options.json
      ? JSON.stringify(found, null, 2) + "\n"
      : writeTerminal(diffDocument(found), io),
  );
  const differs = found.paths.length > 0 || found.config.length > 0;
  return options.exitCode && differs ? EXIT.checkFailed : EXIT.ok;
}
