/** What the commands' options have in common, and how a slip is answered. @module */
import { programName } from "../lib/own_file.ts";
import { type Command, InvalidArgumentError, Option } from "commander";
import { ENGINES } from "../engine/engine.ts";
import type { EngineChoice } from "../engine/find_engine.ts";
import { UserError } from "../lib/errors.ts";

/** How the tool is called in help and messages. */
export const PROGRAM = programName();

export const IMAGE =
  "name in the engine, or path of a docker-archive, an OCI archive, an OCI layout or skopeo's dir:; PATH:NAME:TAG for one of several";

/** Of a command that reads images. */
export interface PlatformOptions extends EngineChoice {
  json: boolean;
  /** As `linux/arm64`; this machine's unless given. */
  platform?: string;
}

export function withEngine(command: Command): Command {
  return command
    .addOption(
      new Option("--engine <name>", "engine instead of the first that works")
        .choices(ENGINES),
    )
    .option("--setup", "install what is missing with apt (as root)", false)
    .option("--verbose", "show all that engines and steps say", false);
}

/** Adds what commands take that read images. */
export function withPlatform(command: Command): Command {
  return withEngine(command).addOption(json()).option(
    "--platform <platform>",
    "which of an image's platforms, such as linux/arm64 (default: this machine's)",
  );
}

export function json(): Option {
  return new Option("--json", "print the result as JSON alone on stdout")
    .default(false);
}

export function withExamples(command: Command, ...examples: string[]): Command {
  const lines = examples.map((example) => `  ${PROGRAM} ${example}`);
  return command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}

export function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}

export function positive(value: string): number {
  if (!/^[1-9]\d{0,3}$/.test(value)) {
    throw new InvalidArgumentError("Expected a whole number from 1 to 9999.");
  }
  return Number(value);
}

/** Reads `NAME=VALUE` and adds it to those that were given before. */
export function assignment(
  word: string,
  earlier: [name: string, value: string][] = [],
): [name: string, value: string][] {
  const at = word.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Expected NAME=VALUE.");
  return [...earlier, [word.slice(0, at), word.slice(at + 1)]];
}

/** A complaint of commander as an error of ours. */
export function usage(complaint: string, next: string): UserError {
  const [first, ...rest] = complaint.trim().replace(/^error: /, "").split("\n");
  const hint = rest.map((line) => line.replace(/[()]/g, "").trim())
    .filter(Boolean);
  return new UserError(
    first.charAt(0).toUpperCase() + first.slice(1).replace(/\.$/, ""),
    { next: [...hint, next].join(" ") },
  );
}
