/** `deno task image`: build, check and compare every variant. @module */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { BuildConfig } from "../build/build_variants.ts";
import { isImageName } from "../build/image_names.ts";
import { parsePlatforms } from "../lib/platform.ts";
import type { Io } from "../lib/progress.ts";
import {
  assignment,
  collect,
  json,
  positive,
  withEngine,
  withExamples,
} from "./options.ts";

export function define(command: Command): void {
  withEngine(command)
    .addOption(json())
    .description(
      "Build every variant of a Deno service's image, check and compare them.",
    )
    .option("--context <dir>", "folder with the Dockerfiles", ".")
    .option("--file <file>", "build only this one (repeatable)", collect, [])
    .addOption(
      new Option("--bases <source>", "where base images come from")
        .choices(["auto", "registry", "packages"]).default("auto"),
    )
    .option("--refresh-bases", "assemble or pull the bases anew", false)
    .option(
      "--build-arg <name=value>",
      "passed to every build (repeatable)",
      assignment,
      [],
    )
    .option(
      "--vary <name=value>",
      "build with this argument once more, beside the default (repeatable)",
      assignment,
      [],
    )
    .option(
      "--platform <list>",
      "what to build for, such as linux/amd64,linux/arm64 (default: this machine)",
      parsePlatforms,
      [],
    )
    .option(
      "--tag <name>",
      "name the images NAME-VARIANT, or NAME for one",
      tag,
    )
    .option(
      "--against <variant>",
      "variant to compare with (default: single-stage)",
    )
    .option("--runs <n>", "counted starts of each variant", positive, 5)
    .option("--zstd", "measure pull with zstd too", false)
    .option("--quick", "only build, inspect and check the contract", false)
    .option(
      "--reproducible",
      "build everything twice from nothing and compare the digests",
      false,
    )
    .option(
      "--memory-floor",
      "find the smallest memory limit it serves under (takes minutes)",
      false,
    )
    .option("--out <dir>", "folder for the reports", "report")
    .option("--contract <file>", "default: contract.json of the context")
    .option("--budget <file>", "limits (default: budget.json of the context)")
    .option(
      "--baseline <file>",
      "an earlier report.json to compare growth with",
    )
    .option("--write-baseline <file>", "write this run's report.json there too")
    .option("--junit <file>", "write the checks as JUnit XML");
  withExamples(
    command,
    "--context ../my-service",
    "--quick --file Dockerfile.scratch --json",
  );
}

function tag(name: string): string {
  if (isImageName(name)) return name;
  throw new InvalidArgumentError("Expected NAME or NAME:TAG, in lower case.");
}

export async function run(config: BuildConfig, io: Io): Promise<number> {
  // Loaded when needed: the help takes none of it.
  const { build } = await import("../build/build.ts");
  return await build(config, io);
}
