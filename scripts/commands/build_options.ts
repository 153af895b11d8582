/**
 * The options of `deno task image` itself: build, prove and compare.
 *
 * @module
 */
import { type Command, Option } from "commander";
import { buildArgs, collect, common, positive, withCommon } from "./options.ts";
import type { BuildConfig } from "../build/config.ts";
import { parsePlatforms } from "../lib/platform.ts";

/**
 * Adds the options, and what is done when no other command is named.
 *
 * @param program The program.
 * @param found Receives what was asked for.
 */
export function addBuild(
  program: Command,
  found: (config: BuildConfig) => void,
): void {
  withCommon(program)
    .option("--context <dir>", "folder with the Dockerfiles", ".")
    .option(
      "--file <dockerfile>",
      "build only this one (repeatable)",
      collect,
      [],
    )
    .addOption(
      new Option("--bases <source>", "where base images come from")
        .choices(["auto", "registry", "packages"]).default("auto"),
    )
    .option("--refresh-bases", "assemble or pull the bases anew", false)
    .option(
      "--build-arg <name=value>",
      "passed to every build (repeatable)",
      collect,
      [],
    )
    .option(
      "--vary <name=value>",
      "build with this argument once more, beside the default (repeatable)",
      collect,
      [],
    )
    .option(
      "--platform <list>",
      "what to build for, such as linux/amd64,linux/arm64 (default: this machine)",
    )
    .option(
      "--against <variant>",
      "variant to compare with (default: single-stage)",
    )
    .option("--runs <n>", "counted starts of each variant", positive, 5)
    .option("--zstd", "measure pull with zstd too", false)
    .option("--quick", "only build, inspect and hold to the contract", false)
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
    .option(
      "--contract <file>",
      "HTTP contract (default: contract.json of the context)",
    )
    .option("--budget <file>", "limits (default: budget.json of the context)")
    .option(
      "--baseline <file>",
      "an earlier report.json to hold growth against",
    )
    .option("--write-baseline <file>", "write this run's report.json there too")
    .option("--junit <file>", "write the checks as JUnit XML")
    .action((o) => {
      found({
        ...common(o),
        command: "build",
        context: o.context,
        files: o.file,
        bases: o.bases,
        refreshBases: o.refreshBases,
        buildArgs: Object.fromEntries(buildArgs(o.buildArg)),
        platforms: o.platform === undefined ? [] : parsePlatforms(o.platform),
        vary: buildArgs(o.vary),
        against: o.against,
        runs: o.runs,
        zstd: o.zstd,
        quick: o.quick,
        reproducible: o.reproducible,
        memoryFloor: o.memoryFloor,
        out: o.out,
        contract: o.contract,
        budget: o.budget,
        baseline: o.baseline,
        writeBaseline: o.writeBaseline,
        junit: o.junit,
      });
    });
}
