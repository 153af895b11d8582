/**
 * Waits for a container to end after a signal, and says what was wrong with it.
 *
 * @module
 */
import type { Container } from "../engine/engine.ts";
import { orAbort, TimeLimitError, withTimeLimit } from "./time_limit.ts";

/** What engines and orchestrators grant before they kill: the default of Docker. */
export const GRACE_MS = 10_000;

/** How a container is expected to end. */
export interface EndOptions {
  exitCode: number;
  withinMs: number;
  signal?: AbortSignal;
}

/**
 * Sends a signal and waits for the end.
 *
 * @param container Runs.
 * @param kill The signal to send.
 * @returns What was wrong; empty when it ended as expected.
 */
export async function endOf(
  container: Container,
  kill: "SIGTERM" | "SIGINT",
  options: EndOptions,
): Promise<string[]> {
  const { exitCode, withinMs, signal } = options;
  try {
    const code = await withTimeLimit(withinMs, signal, async (signal) => {
      await orAbort(container.kill(kill), signal);
      return await orAbort(container.exited, signal);
    });
    return code === exitCode
      ? []
      : [`exit code: expected ${exitCode}, got ${code}`];
  } catch (error) {
    if (!(error instanceof TimeLimitError)) throw error;
    return [`it still ran ${withinMs} ms after ${kill}`];
  }
}
