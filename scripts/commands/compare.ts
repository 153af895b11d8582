/** `deno task image compare`: reports of images that exist already. @module */
import type { Command } from "commander";
import { EXIT, UserError } from "../lib/errors.ts";
import type { Io } from "../lib/progress.ts";
import {
  checkReports,
  printReport,
  writeReports,
} from "../report/write_reports.ts";
import type { Report, Variant } from "../report/report_schema.ts";
import { findSources, look } from "../build/look.ts";
import {
  IMAGE,
  type PlatformOptions,
  withExamples,
  withPlatform,
} from "./options.ts";

export function define(command: Command): void {
  withPlatform(command)
    .description("Compare images that exist already.")
    .argument("<images...>", IMAGE)
    .option("--against <image>", "image to compare with (default: the first)")
    .option("--zstd", "measure pull with zstd too", false)
    .option("--out <dir>", "folder for the reports", "report");
  withExamples(
    command,
    "compare hello:single-stage hello:scratch",
    "compare a.tar b.tar --out comparison",
  );
}

export async function run(
  options: PlatformOptions & {
    images: string[];
    against?: string;
    zstd: boolean;
    out: string;
  },
  io: Io,
): Promise<number> {
  const baseline = options.against ?? options.images[0];
  if (!options.images.includes(baseline)) {
    throw new UserError(
      `Cannot compare with "${baseline}": it is not among the images`,
      { next: `Choose one of ${options.images.join(", ")} with --against` },
    );
  }
  await checkReports(options.out);
  const { zstd } = options;
  const variants: Variant[] = [];
  for (const source of await findSources(options.images, options, io)) {
    const { analysis } = await io.progress.step(
      `Look inside ${source.reference}`,
      () => look(source, io, { sparesDigests: true, zstd }),
    );
    variants.push({ name: source.reference, ...analysis });
  }
  const report: Report = {
    schemaVersion: 1,
    createdAt: new Date().toISOString(),
    baseline,
    variants,
    failures: [],
    budgets: [],
  };
  await writeReports(report, options.out);
  printReport(report, options, io);
  return EXIT.ok;
}
