/**
 * Commands to a docker daemon that may be gone the next moment. Whatever fails
 * then says nothing of an image, so it is told apart from all other failures.
 *
 * @module
 */
import { EngineGone, EXIT } from "../lib/errors.ts";
import {
  attempt,
  CommandFailed,
  type CommandOptions,
  type CommandResult,
} from "../lib/command.ts";

/** What clients say when the other side is not there; steps of a build may too. */
const DOUBTFUL =
  /Cannot connect to the Docker daemon|error during connect|\bEOF\b|connection (reset|refused)|broken pipe|transport is closing|code = (Unavailable|Canceled)/i;

/** A daemon that shuts down may answer a last time. */
const ASKED_AGAIN_MS = 1000;
const ANSWERS_WITHIN_MS = 10_000;

/**
 * As {@linkcode attempt}.
 *
 * @throws {EngineGone} when it failed because the daemon is gone.
 */
export async function attemptDocker(
  command: string,
  args: string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await attempt(command, args, options);
  if (result.code !== 0) await throwIfGone(command, result.output);
  return result;
}

/**
 * Runs a command that must succeed; returns its standard output.
 *
 * @throws {EngineGone} when it failed because the daemon is gone.
 * @throws {CommandFailed} when it failed otherwise.
 */
export async function runDocker(
  command: string,
  args: string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await attemptDocker(command, args, options);
  if (result.code !== 0) throw new CommandFailed(command, args, result);
  return result.stdout;
}

/**
 * Asks the daemon, when a failure looks as if it were gone.
 *
 * @param command podman has no daemon.
 * @param output What the command that failed wrote; absent: ask in any case.
 * @throws {EngineGone} when it does not answer.
 */
export async function throwIfGone(
  command: string,
  output?: string,
): Promise<void> {
  if (command !== "docker") return;
  if (output !== undefined && !DOUBTFUL.test(output)) return;
  if (await answers()) {
    await new Promise((resolve) => setTimeout(resolve, ASKED_AGAIN_MS));
    if (await answers()) return;
  }
  throw new EngineGone("The docker daemon is gone: it no longer answers", {
    next:
      "Start it again (on most systems: systemctl start docker), and run the same command",
    exitCode: EXIT.environment,
    output: output?.trim().split("\n").at(-1),
  });
}

async function answers(): Promise<boolean> {
  const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
  try {
    const { code } = await attempt("docker", ["version"], { signal });
    return code === 0;
  } catch (error) {
    if (error !== signal.reason) throw error;
    return false;
  }
}
