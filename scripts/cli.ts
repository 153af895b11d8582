/**
 * The words of the command line, turned into a typed {@linkcode Config}; nothing
 * is carried out here. `commander` does the reading, the help and the guesses.
 *
 * @module
 */
import {
  Command,
  CommanderError,
  InvalidArgumentError,
  Option,
} from "commander";
import type { CommonConfig, Config } from "./config.ts";
import { EXIT, UserError } from "./errors.ts";
import { parsePlatforms } from "./platform.ts";
import { suggest } from "./suggest.ts";

/** What {@linkcode parseCommandLine} found. */
export type Parsed =
  | { config: Config }
  /** Text that was asked for, such as the help; nothing else is to be done. */
  | { text: string };

const IMAGE =
  "name in the engine, or path of a docker-archive, an OCI archive or an OCI layout";

/**
 * Reads the command line.
 *
 * @param args The words after the script's name.
 * @returns What is asked for, or the help text.
 * @throws {UserError} For anything unknown or malformed, with a suggestion where
 * one comes close.
 */
export function parseCommandLine(args: string[]): Parsed {
  let config: Config | undefined;
  let text = "";
  let complaint = "";
  const program = new Command("deno task image")
    .description(
      "Build every variant of a Deno service's image, prove and compare them.",
    )
    .showSuggestionAfterError()
    .allowExcessArguments(false);

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
      config = {
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
      };
    });

  program.command("init")
    .description(
      "Write Dockerfiles, contract and budget for the Deno service in a folder.",
    )
    .argument(
      "[dir]",
      "folder of the service; nothing in it is overwritten",
      ".",
    )
    .option("--entry <file>", "module that serves (default: found out)")
    .option("--dry-run", "show what would be written, and write nothing", false)
    .addOption(json())
    .action((folder, o, c) => {
      config = {
        ...common(c.optsWithGlobals()),
        command: "init",
        folder,
        entry: o.entry,
        dryRun: o.dryRun,
      };
    });

  program.command("update")
    .description("Say which base images are newer by now, and pin them.")
    .option("--context <dir>", "folder with the Dockerfiles", ".")
    .option("--file <dockerfile>", "only this one (repeatable)", collect, [])
    .option(
      "--write",
      "pin each to the digest its tag has now, in the Dockerfiles",
      false,
    )
    .option("--exit-code", "end with 1 when something is newer", false)
    .addOption(json())
    .action((_o, c) => {
      const o = c.optsWithGlobals();
      config = {
        ...common(o),
        command: "update",
        context: o.context,
        files: o.file,
        write: o.write,
        exitCode: o.exitCode,
      };
    });

  withCommon(program.command("inspect"))
    .description(
      "Show layers, files, waste, surface and what is in the binary.",
    )
    .argument("<image>", IMAGE)
    .action((image, _o, c) => {
      config = { ...common(c.optsWithGlobals()), command: "inspect", image };
    });

  withCommon(program.command("diff"))
    .description("Show what differs between two images and what it costs.")
    .argument("<before>", IMAGE).argument("<after>", IMAGE)
    .option("--exit-code", "end with 1 when the images differ", false)
    .action((before, after, o, c) => {
      config = {
        ...common(c.optsWithGlobals()),
        command: "diff",
        before,
        after,
        exitCode: o.exitCode,
      };
    });

  withCommon(program.command("compare"))
    .description("Compare images that exist already.")
    .argument("<images...>", IMAGE)
    .action((images, _o, c) => {
      const o = c.optsWithGlobals();
      config = {
        ...common(o),
        command: "compare",
        images,
        against: o.against,
        zstd: o.zstd,
        out: o.out,
      };
    });

  withCommon(program.command("sbom"))
    .description(
      "List what an image consists of, as a bill of materials (CycloneDX 1.6).",
    )
    .argument("<image>", IMAGE)
    .option(
      "--from <image>",
      "image that libraries were copied from, to trace them to its packages (repeatable)",
      collect,
      [],
    )
    .action((image, o, c) => {
      config = {
        ...common(c.optsWithGlobals()),
        command: "sbom",
        image,
        from: o.from,
      };
    });

  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (s) => text += s,
      writeErr: (s) => complaint += s,
    });
  }
  try {
    program.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { text };
    if (error.code === "commander.excessArguments") {
      throw unknownCommand(args, program);
    }
    throw usage(complaint || error.message, error);
  }
  if (config === undefined) return { text: program.helpInformation() };
  return { config };
}

function withCommon(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--engine <name>",
        "engine to use instead of the first that works",
      )
        .choices(["docker", "podman", "buildah"]),
    )
    .option(
      "--setup",
      "install what is missing with apt (Debian or Ubuntu, root)",
      false,
    )
    .addOption(json());
}

function json(): Option {
  return new Option("--json", "print the result as JSON alone on stdout")
    .default(false);
}

// deno-lint-ignore no-explicit-any -- commander types options as any
function common(options: any): CommonConfig {
  return { engine: options.engine, setup: options.setup, json: options.json };
}

function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

function positive(value: string): number {
  if (!/^[1-9]\d{0,3}$/.test(value)) {
    throw new InvalidArgumentError("Expected a whole number from 1 to 9999.");
  }
  return Number(value);
}

function buildArgs(words: string[]): [name: string, value: string][] {
  return words.map((word) => {
    const at = word.indexOf("=");
    if (at < 1) {
      throw usage(`Cannot parse build argument "${word}": expected NAME=VALUE`);
    }
    return [word.slice(0, at), word.slice(at + 1)];
  });
}

function unknownCommand(args: string[], program: Command): UserError {
  const word = args.find((arg) => !arg.startsWith("-")) ?? "";
  const meant = suggest(
    word,
    program.commands.map((command) => command.name()),
  );
  return new UserError(`Unexpected argument "${word}"`, {
    next: `${meant ? `Did you mean ${meant}? ` : ""}See deno task image --help`,
  });
}

function usage(complaint: string, cause?: unknown): UserError {
  const [first, ...rest] = complaint.trim().replace(/^error: /, "").split("\n");
  const hint = rest.map((line) => line.replace(/[()]/g, "").trim()).filter(
    Boolean,
  );
  return new UserError(
    first.charAt(0).toUpperCase() + first.slice(1).replace(/\.$/, ""),
    {
      next: [...hint, "See deno task image --help"].join(" "),
      exitCode: EXIT.usage,
      cause,
    },
  );
}
