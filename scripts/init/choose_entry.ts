/**
 * Which module of a service is the one that serves, and how it is run.
 *
 * @module
 */
import { UserError } from "../lib/errors.ts";
import { readCommand, type RunCommand } from "./read_command.ts";
import type { DenoConfig } from "./read_config.ts";

/** An entry point, and what told so. */
export interface Entry {
  entry: string;
  source: string;
  /** The task that runs it. */
  command?: RunCommand;
}

/** Tasks that serve, the likeliest first. */
const TASKS = ["compile", "start", "serve", "dev"];
/** Where services begin when nothing else says so. */
const USUAL = ["main", "server", "app", "index", "mod"]
  .flatMap((name) => [`${name}.ts`, `src/${name}.ts`, `${name}.js`]);

/**
 * Chooses the entry point.
 *
 * @param config The service's `deno.json`.
 * @param wanted What the user named, if anything.
 * @param exists Whether the service has a file.
 * @throws {UserError} If there is none, or if it is only served by `deno serve`.
 */
export async function chooseEntry(
  config: DenoConfig,
  wanted: string | undefined,
  exists: (path: string) => Promise<boolean>,
): Promise<Entry> {
  const commands = TASKS.flatMap((name) => {
    const task = config.tasks[name];
    const text = typeof task === "string" ? task : task?.command;
    const command = text === undefined ? undefined : readCommand(text);
    return command === undefined ? [] : [{ name, command }];
  });
  const found = (entry: string, source: string): Entry => {
    const { command } =
      commands.find(({ command }) => command.entry === entry) ?? {};
    if (command?.verb === "serve") throw onlyServed(entry);
    return { entry, source, command };
  };

  if (wanted !== undefined) {
    if (await exists(wanted)) return found(wanted, "--entry");
    throw new UserError(`Cannot find the entry point "${wanted}"`, {
      next: "Give its path from the service's folder with --entry FILE",
    });
  }
  for (const { name, command } of commands) {
    if (await exists(command.entry)) {
      return found(command.entry, `task "${name}"`);
    }
  }
  const { exports } = config;
  const main = typeof exports === "string" ? exports : exports?.["."];
  const exported = main?.replace(/^\.\//, "");
  if (exported !== undefined && await exists(exported)) {
    return found(exported, "exports");
  }
  for (const path of USUAL) {
    if (await exists(path)) return found(path, "its name");
  }
  throw new UserError("Cannot tell which module serves", {
    next: "Name it with --entry FILE",
  });
}

function onlyServed(entry: string): UserError {
  return new UserError(
    `Cannot compile "${entry}": it is run with deno serve, which deno compile cannot do`,
    { next: "Call Deno.serve(handler) in it, and run it with deno run" },
  );
}
