/** The failures that a user can do something about, apart from bugs. @module */
import { maskText } from "./secret_text.ts";

/** Exit codes of the command line: part of its interface. */
export const EXIT = {
  /** Everything that was asked for was done and holds. */
  ok: 0,
  /** A check failed: a build, the contract, a budget. */
  checkFailed: 1,
  /** The command line or a file given to it cannot be used. */
  usage: 2,
  /** The environment lacks something: an engine, a registry, disk space. */
  environment: 3,
} as const;

interface UserErrorOptions extends ErrorOptions {
  /** What to do next, as a sentence or a command. */
  next: string;
  exitCode?: number;
  /** Output worth showing beneath the message, such as the end of a build log. */
  output?: string;
}

/**
 * An expected failure: says what is wrong, and what to do next. Anything else that
 * is thrown is a bug and shows its stack. Secrets in its texts are masked.
 */
export class UserError extends Error {
  override name = "UserError";
  readonly next: string;
  readonly exitCode: number;
  readonly output?: string;

  constructor(message: string, options: UserErrorOptions) {
    const { next, exitCode = EXIT.usage, output, cause } = options;
    super(maskText(message), { cause });
    this.next = next;
    this.exitCode = exitCode;
    this.output = output && maskText(output);
  }
}

/** The engine is gone while it was needed: nothing more can be done. */
export class EngineGone extends UserError {
  override name = "EngineGone";
}

/** Whether an error is the environment's, and says nothing of an image. */
export function isOfEnvironment(error: unknown): boolean {
  return error instanceof UserError && error.exitCode === EXIT.environment;
}

/** The error that explains the others: an engine that is gone is why cleaning fails. */
export function rootOf(thrown: unknown): unknown {
  if (!(thrown instanceof SuppressedError)) return thrown;
  const later = rootOf(thrown.error);
  return later instanceof EngineGone ? later : rootOf(thrown.suppressed);
}

/** The error for a disk that is full or read-only, unless it is neither. */
export function explainFiles(
  message: string,
  cause: unknown,
  next: { full: string; readOnly: string },
): UserError | undefined {
  if (cause instanceof UserError) return undefined;
  const text = messageOf(cause);
  const full = /os error (28|122)|no space left|quota/i.test(text);
  const readOnly = /os error 30|read-only/i.test(text);
  if (!full && !readOnly) return undefined;
  const why = full ? "the disk is full" : "it is read-only there";
  return new UserError(`${message}: ${why}`, {
    next: full ? next.full : next.readOnly,
    exitCode: EXIT.environment,
    cause,
  });
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Why a path cannot be read, in words where it is one of the usual reasons. */
export function whyUnreadable(thrown: unknown): string {
  const { errors } = Deno;
  const known: [error: new () => Error, why: string][] = [
    [errors.NotFound, "there is nothing of that name"],
    [errors.IsADirectory, "it is a folder"],
    [errors.NotADirectory, "it is no folder"],
    [errors.PermissionDenied, "this user may not read it"],
    [errors.FilesystemLoop, "its links run in a circle"],
  ];
  return known.find(([error]) => thrown instanceof error)?.[1] ??
    messageOf(thrown);
}
