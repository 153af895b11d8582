/** The commands, each loaded when needed, and which a command line names. @module */
import { Command, CommanderError } from "commander";
import { UserError } from "../lib/errors.ts";
import type { Io } from "../lib/progress.ts";
import { suggest } from "../lib/suggest.ts";
import { PROGRAM, usage } from "./options.ts";

import own from "../../deno.json" with { type: "json" };

/** A command: its flags and what it runs. */
export interface CommandModule {
  /** Adds description, arguments, options and examples. */
  define(command: Command): void;
  /** Gives the exit code; options and arguments are as commander names them. */
  run(
    // deno-lint-ignore no-explicit-any -- each command has options of its own
    options: any,
    io: Io,
    describeAll: () => Promise<Described[]>,
  ): Promise<number>;
}

export interface Described {
  name: string;
  summary: string;
  command: Command;
  module: CommandModule;
}

/** The commands by name; `build` is what runs without a name. */
export const COMMANDS: Record<
  string,
  { summary: string; load(): Promise<CommandModule> }
> = {
  build: {
    summary: "build, check and compare every variant (the default)",
    load: () => import("./build.ts"),
  },
  init: {
    summary: "write Dockerfiles, contract and budget for a service",
    load: () => import("./init.ts"),
  },
  inspect: {
    summary: "show layers, waste, surface and what is in the binary",
    load: () => import("./inspect.ts"),
  },
  diff: {
    summary: "show what differs between two images and what it costs",
    load: () => import("./diff.ts"),
  },
  compare: {
    summary: "compare images that exist already",
    load: () => import("./compare.ts"),
  },
  sbom: {
    summary: "list what an image consists of, as CycloneDX",
    load: () => import("./sbom.ts"),
  },
  clean: {
    summary: "remove what runs have left",
    load: () => import("./clean.ts"),
  },
  completions: {
    summary: "print completions for a shell",
    load: () => import("./completions.ts"),
  },
};

async function describe(name: string): Promise<Described> {
  const { summary, load } = COMMANDS[name];
  const module = await load();
  const isDefault = name === "build";
  const command = new Command(isDefault ? PROGRAM : `${PROGRAM} ${name}`)
    .showSuggestionAfterError()
    .allowExcessArguments(false);
  module.define(command);
  if (isDefault) {
    command.version(own.version, "--version", "print the version");
    const lines = Object.entries(COMMANDS)
      .map(([each, { summary }]) => `  ${each.padEnd(12)} ${summary}`);
    command.addHelpText("after", `\nCommands:\n${lines.join("\n")}`);
  }
  return { name, summary, command, module };
}

export async function describeAll(): Promise<Described[]> {
  return await Promise.all(Object.keys(COMMANDS).map(describe));
}

/** What a command line asks for, or a text such as the help. */
export type Parsed = { text: string } | {
  name: string;
  module: CommandModule;
  options: Record<string, unknown>;
};

/**
 * Reads the words after the script's name; a command comes first.
 * @throws {UserError} For anything unknown or malformed, with a suggestion where
 * one comes close.
 */
export async function parseCommandLine(args: string[]): Promise<Parsed> {
  const [first = ""] = args;
  const named = Object.hasOwn(COMMANDS, first);
  const name = named ? first : "build";
  const { command, module } = await describe(name);
  let text = "";
  let complaint = "";
  command.exitOverride().configureOutput({
    writeOut: (part) => text += part,
    writeErr: (part) => complaint += part,
  });
  command.action(() => {});
  try {
    command.parse(named ? args.slice(1) : args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { text };
    if (error.code === "commander.excessArguments" && !named) {
      throw unknownCommand(command.args[0], args);
    }
    if (error.code !== "commander.missingArgument") {
      throw usage(
        complaint || error.message,
        `See ${command.name()} --help`,
      );
    }
    command.outputHelp();
    const { message, next } = usage(complaint, "Give it as in the examples");
    throw new UserError(message, { output: text, next });
  }
  const options: Record<string, unknown> = command.opts();
  for (const [index, argument] of command.registeredArguments.entries()) {
    options[argument.name()] = command.processedArgs[index];
  }
  return { name, module, options };
}

function unknownCommand(word: string, args: string[]): UserError {
  if (Object.hasOwn(COMMANDS, word)) {
    return new UserError(`Cannot take options before the command "${word}"`, {
      next: `Put the command first: ${PROGRAM} ${word} ${
        args.filter((arg) => arg !== word).join(" ")
      }`,
    });
  }
  const meant = suggest(word, Object.keys(COMMANDS));
  return new UserError(`Unexpected argument "${word}"`, {
    next: `${meant ? `Did you mean ${meant}? ` : ""}See ${PROGRAM} --help`,
  });
}
