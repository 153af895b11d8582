/**
 * The words of the command line, turned into a typed {@linkcode Config}; nothing
 * is carried out here. `commander` does the reading, the help and the guesses.
 *
 * @module
 */
import { Command, CommanderError } from "commander";
import { addBuild } from "./build_options.ts";
import { collect, common, json, usage, withCommon } from "./options.ts";
import type { Config } from "../build/config.ts";
import { UserError } from "../lib/errors.ts";
import { suggest } from "../lib/suggest.ts";

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

  addBuild(program, (found) => config = found);

  program.command("init")
    .description(
      "Write Dockerfiles, contract and budget for the Deno service in a folder.",
    )
    .argument(
      "[dir]",
      "folder of the service; what is there is kept",
      ".",
    )
    .option("--entry <file>", "module that serves (default: found out)")
    .option("--dry-run", "show what would be written, and write nothing", false)
    .option("--force", "replace files that are there", false)
    .addOption(json())
    .action((folder, o, c) => {
      config = {
        ...common(c.optsWithGlobals()),
        command: "init",
        folder,
        entry: o.entry,
        dryRun: o.dryRun,
        force: o.force,
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
    throw usage(complaint || error.message);
  }
  if (config === undefined) return { text: program.helpInformation() };
  return { config };
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
