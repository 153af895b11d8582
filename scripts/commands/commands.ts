/**
 * The commands of the tool. A command's module is loaded when it is needed.
 *
 * @module
 */
import { Command } from "commander";
import own from "../../deno.json" with { type: "json" };
import type { Io } from "../lib/io.ts";
import { PROGRAM } from "./options.ts";

/** A command: its flags and what it runs. */
export interface CommandModule {
  /** Adds description, arguments, options and examples. */
  define(command: Command): void;
  /**
   * Carries it out.
   *
   * @param options Options and arguments as commander names them.
   * @param describeAll Gives every command, for what tells of them.
   * @returns The exit code.
   */
  run(
    // deno-lint-ignore no-explicit-any -- each command has options of its own
    options: any,
    io: Io,
    describeAll: () => Promise<Described[]>,
  ): Promise<number>;
}

/** A command as commander sees it. */
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
  completions: {
    summary: "print completions for a shell",
    load: () => import("./completions.ts"),
  },
};

/** Loads a command and what it declares. */
export async function describe(name: string): Promise<Described> {
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

/** Loads every command and what it declares. */
export async function describeAll(): Promise<Described[]> {
  return await Promise.all(Object.keys(COMMANDS).map(describe));
}
