/**
 * What the commands' options have in common: how values are read, and how a slip
 * is answered.
 *
 * @module
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { CommonConfig } from "../build/config.ts";
import { EXIT, UserError } from "../lib/errors.ts";

/** Adds what every command takes that reads images. */
export function withCommon(command: Command): Command {
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

/** The option for output that is JSON alone. */
export function json(): Option {
  return new Option("--json", "print the result as JSON alone on stdout")
    .default(false);
}

/** What every command takes, as read. */
// deno-lint-ignore no-explicit-any -- commander types options as any
export function common(options: any): CommonConfig {
  return { engine: options.engine, setup: options.setup, json: options.json };
}

/** Adds a value to those that were given before. */
export function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

/** Reads a whole number from 1 to 9999. */
export function positive(value: string): number {
  if (!/^[1-9]\d{0,3}$/.test(value)) {
    throw new InvalidArgumentError("Expected a whole number from 1 to 9999.");
  }
  return Number(value);
}

/**
 * Reads `NAME=VALUE`.
 *
 * @throws {UserError} If it has no name or no `=`.
 */
export function buildArgs(words: string[]): [name: string, value: string][] {
  return words.map((word) => {
    const at = word.indexOf("=");
    if (at < 1) {
      throw usage(`Cannot parse build argument "${word}": expected NAME=VALUE`);
    }
    return [word.slice(0, at), word.slice(at + 1)];
  });
}

/** A complaint of commander as an error of ours, with its hint as the next step. */
export function usage(complaint: string): UserError {
  const [first, ...rest] = complaint.trim().replace(/^error: /, "").split("\n");
  const hint = rest.map((line) => line.replace(/[()]/g, "").trim()).filter(
    Boolean,
  );
  return new UserError(
    first.charAt(0).toUpperCase() + first.slice(1).replace(/\.$/, ""),
    {
      next: [...hint, "See deno task image --help"].join(" "),
      exitCode: EXIT.usage,
    },
  );
}
