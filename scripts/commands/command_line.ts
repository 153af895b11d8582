/**
 * The command line: which command is asked for, its options read by `commander`.
 *
 * @module
 */
import { CommanderError } from "commander";
import { UserError } from "../lib/errors.ts";
import { suggest } from "../lib/suggest.ts";
import { type CommandModule, COMMANDS, describe } from "./commands.ts";
import { PROGRAM, usage } from "./options.ts";

/** What a command line asks for. */
export type Parsed =
  /** Text that was asked for, such as the help; nothing else is to be done. */
  | { text: string }
  | {
    name: string;
    module: CommandModule;
    /** Options and arguments by name. */
    options: Record<string, unknown>;
  };

/**
 * Reads the command line.
 *
 * @param args The words after the script's name; a command comes first.
 * @returns What is asked for, or a text.
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
