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
export const COMMANDS = {
  build: () => import("./build.ts"),
  init: () => import("./init.ts"),
  inspect: () => import("./inspect.ts"),
  diff: () => import("./diff.ts"),
  compare: () => import("./compare.ts"),
  sbom: () => import("./sbom.ts"),
  clean: () => import("./clean.ts"),
  completions: () => import("./completions.ts"),
} satisfies Record<string, () => Promise<CommandModule>>;

type Name = keyof typeof COMMANDS;
const NAMES = Object.keys(COMMANDS) as Name[];

const SUMMARIES: Record<Name, string> = {
  build: "build, check and compare every variant (the default)",
  init: "write Dockerfiles, contract and budget for a service",
  inspect: "show layers, waste, surface and what is in the binary",
  diff: "show what differs between two images and what it costs",
  compare: "compare images that exist already",
  sbom: "list what an image consists of, as CycloneDX",
  clean: "remove what runs have left",
  completions: "print completions for a shell",
};

async function describe(name: Name): Promise<Described> {
  const module: CommandModule = await COMMANDS[name]();
  const isDefault = name === "build";
  const command = new Command(isDefault ? PROGRAM : `${PROGRAM} ${name}`)
    .showSuggestionAfterError()
    .allowExcessArguments(false);
  module.define(command);
  if (isDefault) {
    command.version(own.version, "--version", "print the version");
    const lines = Object.entries(SUMMARIES)
      .map(([each, summary]) => `  ${each.padEnd(12)} ${summary}`);
    command.addHelpText("after", `\nCommands:\n${lines.join("\n")}`);
  }
  return { name, summary: SUMMARIES[name], command, module };
}

export async function describeAll(): Promise<Described[]> {
  return await Promise.all(NAMES.map(describe));
}

/** What a command line asks for, or a text such as the help. */
export type Parsed = { text: string } | {
  name: string;
  module: CommandModule;
  options: Record<string, unknown>;
};

/** @throws {UserError} For anything unknown or malformed, with what was meant. */
export async function parseCommandLine(args: string[]): Promise<Parsed> {
  const [first = ""] = args;
  const named = NAMES.find((name) => name === first);
  const name = named ?? "build";
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
      const next = `See ${command.name()} --help`;
      throw usage(complaint || error.message, next);
    }
    command.outputHelp();
    const { message, next } = usage(complaint, "Give it as in the examples");
    throw new UserError(message, { output: text, next });
  }
  const options: Record<string, unknown> = command.opts();
  for (const [index, argument] of command.registeredArguments.entries()) {
    options[argument.name()] = command.processedArgs[index];
  }
  for (const [option, value] of Object.entries(options)) {
    if ([value].flat().includes("")) throw emptyValue(option, command);
  }
  return { name, module, options };
}

function emptyValue(name: string, { options }: Command): UserError {
  const option = options.find((each) => each.attributeName() === name);
  return new UserError(`Cannot use an empty ${option?.long ?? name}`, {
    next: "Set the variable that it is taken from, or leave it out",
  });
}

function unknownCommand(word: string, args: string[]): UserError {
  if (NAMES.some((name) => name === word)) {
    return new UserError(`Cannot take options before the command "${word}"`, {
      next: `Put the command first: ${PROGRAM} ${word} ${
        args.filter((arg) => arg !== word).join(" ")
      }`,
    });
  }
  const meant = suggest(word, NAMES);
  return new UserError(`Unexpected argument "${word}"`, {
    next: `${meant ? `Did you mean ${meant}? ` : ""}See ${PROGRAM} --help`,
  });
}
