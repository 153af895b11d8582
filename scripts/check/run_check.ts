/** Turns work that returns, throws or takes too long into a check of a kind. @module */
import {
  isOfEnvironment,
  messageOf,
  rootOf,
  UserError,
} from "../lib/errors.ts";
import { errorOf } from "../lib/log_excerpt.ts";
import {
  CHECK_KINDS,
  type CheckKind,
  type CheckList,
} from "../report/check_kinds.ts";
import type { Check, Variant } from "../report/report_schema.ts";
import { TimeLimitError, withTimeLimit } from "./time_limit.ts";

/** Thrown by a check that cannot be made here; its message is the reason. */
export class CannotCheck extends Error {
  override name = "CannotCheck";
}

/**
 * Makes one check: `work` returns or throws what is wrong, and ends by its signal;
 * `slow` says more of one that takes too long.
 */
export async function runCheck(
  name: string,
  timeLimitMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<string[]>,
  slow = () =>
    "; it answers slowly or not at all: see its log, CPU and memory under the same load",
): Promise<Check> {
  try {
    const wrong = await withTimeLimit(timeLimitMs, signal, work);
    if (wrong.length === 0) return { name, status: "pass" };
    return { name, status: "fail", detail: wrong.join("; ") };
  } catch (thrown) {
    signal?.throwIfAborted();
    const error = rootOf(thrown);
    if (isOfEnvironment(error)) throw error; // It says nothing of the image.
    if (error instanceof CannotCheck) {
      return { name, status: "skip", detail: error.message };
    }
    const detail = error instanceof TimeLimitError
      ? `${TOO_LONG} ${timeLimitMs} ms${slow()}`
      : explain(error);
    return { name, status: "fail", detail };
  }
}

/** What a failure says of the image; throws what says nothing of it. */
export function failureOf(
  thrown: unknown,
  signal: AbortSignal | undefined,
): UserError {
  signal?.throwIfAborted();
  const error = rootOf(thrown);
  if (error instanceof UserError && !isOfEnvironment(error)) return error;
  throw error;
}

/** How the detail of a check begins that took too long. */
export const TOO_LONG = "no end within";

function explain(error: unknown): string {
  const message = messageOf(error);
  if (!(error instanceof UserError)) return message;
  const cause = errorOf(error.output ?? "");
  const log = cause === undefined || message.includes(cause)
    ? ""
    : `; its log: ${cause}`;
  return `${message}${log}. ${error.next}`;
}

export type Checks = Pick<Variant, CheckList>;

/** Adds checks of a kind to the list that keeps them, and says how many hold. */
export function addChecks(
  checks: Checks,
  kind: CheckKind,
  made: Check[],
  say?: (line: string) => void,
): void {
  const { list, title } = CHECK_KINDS.find(({ id }) => id === kind)!;
  const added = made.map((check) => ({ ...check, kind }));
  checks[list] = [...checks[list] ?? [], ...added];
  const count = (status: Check["status"]) =>
    made.filter((check) => check.status === status).length;
  const skipped = count("skip");
  say?.(
    `${title}: ${count("pass")} of ${made.length - skipped} hold` +
      (skipped > 0 ? `, ${skipped} skipped` : ""),
  );
}
