/**
 * Turns a proof that returns, throws or takes too long into a check.
 *
 * @module
 */
import {
  isOfEnvironment,
  messageOf,
  rootOf,
  UserError,
} from "../lib/errors.ts";
import type { Check } from "../report/report_schema.ts";
import { TimeLimitError, withTimeLimit } from "./time_limit.ts";

/** Thrown by a proof that cannot be made here; its message is the reason. */
export class CannotProve extends Error {
  override name = "CannotProve";
}

/**
 * Makes one proof.
 *
 * @param name How reports call it.
 * @param timeLimitMs Milliseconds after which it has failed.
 * @param signal Ends it with its reason: the user has had enough.
 * @param prove Returns what is wrong, one phrase each; throws likewise. Whatever
 * it opens must end with its signal.
 * @throws {UserError} When it is the environment that failed.
 */
export async function runProof(
  name: string,
  timeLimitMs: number,
  signal: AbortSignal | undefined,
  prove: (signal: AbortSignal) => Promise<string[]>,
): Promise<Check> {
  try {
    const wrong = await withTimeLimit(timeLimitMs, signal, prove);
    if (wrong.length === 0) return { name, status: "pass" };
    return { name, status: "fail", detail: wrong.join("; ") };
  } catch (thrown) {
    signal?.throwIfAborted();
    const error = rootOf(thrown);
    // It says nothing of the image.
    if (isOfEnvironment(error)) throw error;
    if (error instanceof CannotProve) {
      return { name, status: "skip", detail: error.message };
    }
    return { name, status: "fail", detail: explain(error, timeLimitMs) };
  }
}

/**
 * What a failure says of the image, if it does.
 *
 * @param thrown Whatever a `catch` received.
 * @returns The error that explains it.
 * @throws What was thrown, when it is the environment's, the user's wish or a bug.
 */
export function failureOf(
  thrown: unknown,
  signal: AbortSignal | undefined,
): UserError {
  signal?.throwIfAborted();
  const error = rootOf(thrown);
  if (error instanceof UserError && !isOfEnvironment(error)) return error;
  throw error;
}

function explain(error: unknown, timeLimitMs: number): string {
  if (error instanceof TimeLimitError) return `no end within ${timeLimitMs} ms`;
  const log = error instanceof UserError ? error.output?.trim() : undefined;
  const last = log?.split("\n").at(-1)?.trim();
  return messageOf(error) + (last ? `; its log ends with: ${last}` : "");
}
