/**
 * What is wrong with an archive, before it is known which image was asked for.
 * `readImage` turns it into a `UserError` that names the image.
 *
 * @module
 */

/** An archive that cannot be read; the message is a clause, as `its header is damaged`. */
export class ArchiveError extends Error {
  override name = "ArchiveError";
  /** What to do, where something better than a new export is known. */
  readonly next?: string;

  constructor(message: string, options: ErrorOptions & { next?: string } = {}) {
    super(message, options);
    this.next = options.next;
  }
}

/** For what is not damaged but something else altogether. */
export class NotAnArchive extends ArchiveError {
  override name = "NotAnArchive";
}
