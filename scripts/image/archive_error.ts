/** What is wrong with an archive, and the same as the error that people read. @module */
import { EXIT, UserError } from "../lib/errors.ts";
import type { ImageSource } from "./model.ts";

/** An archive that cannot be read; the message is a clause, as `its header is damaged`. */
export class ArchiveError extends Error {
  override name = "ArchiveError";
  readonly next?: string;

  constructor(
    message: string,
    options: ErrorOptions & { next?: string | undefined } = {},
  ) {
    super(message, options);
    this.next = options.next;
  }
}

/** For what is not damaged but something else altogether. */
export class NotAnArchive extends ArchiveError {
  override name = "NotAnArchive";
}

const NEXT =
  "Give an image's name, or an archive of it, as written by: docker save -o image.tar NAME";

/** An error as a `UserError` where a user can act on it; else as it is: a bug. */
export function toUserError(error: unknown, source: ImageSource): unknown {
  const name = JSON.stringify(source.reference);
  if (error instanceof ArchiveError) {
    const [what, next] = error instanceof NotAnArchive
      ? [`${name} is not an image archive`, NEXT]
      : [
        `Cannot read image ${name}`,
        "Export it again, as with: docker save -o image.tar NAME",
      ];
    return new UserError(`${what}: ${error.message}`, {
      next: error.next ?? next,
      cause: error,
    });
  }
  if (!("path" in source)) return error;
  if (error instanceof Deno.errors.NotFound) {
    return new UserError(`Cannot find ${name}`, { next: NEXT, cause: error });
  }
  if (
    error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotCapable
  ) {
    return new UserError(`Cannot open ${name}: ${error.message}`, {
      next: "Let this user read it",
      exitCode: EXIT.environment,
      cause: error,
    });
  }
  return error;
}
