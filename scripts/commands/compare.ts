/** `deno task image compare`: reports of images that exist already. @module */
import { join } from "node:path";
import type { Command } from "commander";
import { EXIT, UserError } from "../lib/errors.ts";
import type { Io } from "../lib/progress.ts";
import { checkReports, json, writeReports } from "../report/write_reports.ts";
import { terminal } from "../report/terminal.ts";
import type { Report } from "../report/report_schema.ts";
import { findSources, look, type Looked } from "../build/look.ts";
import { layerSizes, tellCacheFailure, withPull } from "../build/pull_sizes.ts";
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
  const looked: Looked[] = [];
  for (const source of await findSources(options.images, options, io)) {
    looked.push(
      await io.progress.step(
        `Look inside ${source.reference}`,
        () => look(source, io, { sparesDigests: true }),
      ),
    );
  }
  const sizes = await io.progress.step(
    "Compress the layers",
    () => layerSizes(looked, { zstd: options.zstd, io }),
  );
  const report: Report = {
    schemaVersion: 1,
    createdAt: new Date().toISOString(),
    baseline,
    variants: looked.map(({ source, analysis }) => ({
      name: source.reference,
      ...analysis,
      ...withPull(analysis.layers, sizes),
    })),
    failures: [],
    budgets: [],
  };
  tellCacheFailure(io);
  await writeReports(report, options.out);
  if (options.json) io.print(json(report));
  else {
    io.print(terminal(report, { columns: io.columns, color: io.color }));
    const page = join(options.out, "index.html");
    io.note(`Reports: ${page}, report.md and report.json beside it`);
  }
  return EXIT.ok;
}
