/** `deno task image inspect`: what is in an image. @module */
import type { Command } from "commander";
import { findSources, look } from "../build/look.ts";
import { EXIT } from "../lib/errors.ts";
import type { Io } from "../lib/progress.ts";
import { inspectDocument } from "../report/inspect_document.ts";
import type { Variant } from "../report/report_schema.ts";
import { writeTerminal } from "../report/terminal.ts";
import {
  IMAGE,
  type PlatformOptions,
  withExamples,
  withPlatform,
} from "./options.ts";

export function define(command: Command): void {
  withPlatform(command)
    .description(
      "Show layers, files, waste, surface and the binary's contents.",
    )
    .argument("<image>", IMAGE);
  withExamples(command, "inspect hello:scratch", "inspect image.tar --json");
}

export async function run(
  options: PlatformOptions & { image: string },
  io: Io,
): Promise<number> {
  const [source] = await findSources([options.image], options, io);
  const { analysis } = await look(source, io, { sparesDigests: true });
  const variant: Variant = { name: options.image, ...analysis };
  io.print(
    options.json
      ? JSON.stringify(variant, null, 2) + "\n"
      : writeTerminal(inspectDocument(variant), io),
  );
  return EXIT.ok;
}
