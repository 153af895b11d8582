/**
 * What went wrong with an archive, in the words of whoever asked for the image.
 *
 * @module
 */
import { EXIT, UserError } from "../lib/errors.ts";
import { ArchiveError, NotAnArchive } from "./archive_error.ts";
import type { ImageSource } from "./open_source.ts";

const NEXT =
  "Give an image's name, or an archive of it, as written by: docker save -o image.tar NAME";

/** An error as a `UserError` where a user can act on it; else as it is: a bug. */
export function explain(error: unknown, source: ImageSource): unknown {
  const name = JSON.stringify(source.reference);
  if (error instanceof NotAnArchive) {
    return new UserError(`${name} is not an image archive: ${error.message}`, {
      next: error.next ?? NEXT,
      cause: error,
    });
  }
  if (error instanceof ArchiveError) {
    return new UserError(`Cannot read image ${name}: ${error.message}`, {
      next: error.next ??
        "Export it again, as with: docker save -o image.tar NAME",
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
