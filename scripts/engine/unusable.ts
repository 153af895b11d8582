/**
 * Why an engine cannot be used here: an answer to a question, not yet an error
 * of the user's, as the next engine may do.
 *
 * @module
 */
import type { EngineName } from "./engine.ts";

/** An engine that is not there or does not work. */
export class Unusable extends Error {
  override name = "Unusable";
  constructor(
    readonly engine: EngineName,
    reason: string,
    options: ErrorOptions & {
      /** One command that would make it work, where that is plain. */
      next?: string;
    } = {},
  ) {
    super(reason, options);
    this.next = options.next;
  }

  readonly next?: string;
}
