/**
 * `deno task image inspect IMAGE`: layers, files, waste, surface, and what is in
 * the binary.
 *
 * @module
 */
import type { InspectConfig } from "../build/config.ts";
import { EXIT } from "../lib/errors.ts";
import type { Io } from "../lib/io.ts";
import { inspectTerminal } from "../report/inspect_terminal.ts";
import type { Variant } from "../report/report_schema.ts";
import { findSources, look } from "../build/look.ts";

/** Inspects one image and prints what is in it. */
export async function inspect(config: InspectConfig, io: Io): Promise<number> {
  const [source] = await findSources([config.image], config, io);
  const { analysis } = await look(source, io);
  const variant: Variant = { name: config.image, ...analysis };
  io.print(
    config.json
      ? JSON.stringify(variant, null, 2) + "\n"
      : inspectTerminal(variant, { columns: io.columns, color: io.color }),
  );
  return EXIT.ok;
}
