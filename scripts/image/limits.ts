/** How much an archive may ask of this machine. @module */
import { ArchiveError } from "./archive_error.ts";

/** Several times what real images need. */
const BOUNDS = {
  /** Tar records of all layers together. */
  entries: 2_000_000,
  /** Characters of all paths and link targets together. */
  nameLength: 256 * 2 ** 20,
  /** Bytes of all JSON documents together; those beyond are as if not there. */
  documentBytes: 64 * 2 ** 20,
  /** Decompressed bytes that are always allowed. */
  expandedBytes: 4 * 2 ** 30,
  /** For each byte read; deflate yields at most 1032, gzip within gzip more. */
  expansion: 1100,
};

export type Bounds = typeof BOUNDS;

export class Limits {
  readonly #bounds: Bounds;
  #entries = 0;
  #nameLength = 0;
  #documents = 0;
  #expanded = 0;
  #read = 0;

  constructor(bounds: Partial<Bounds> = {}, readonly signal?: AbortSignal) {
    this.#bounds = { ...BOUNDS, ...bounds };
  }

  read(bytes: number): void {
    this.#read += bytes;
  }

  keep(bytes: number): boolean {
    this.#documents += bytes;
    return this.#documents <= this.#bounds.documentBytes;
  }

  /** Notes decompressed bytes; heeds the signal too, as one chunk can take long. */
  expanded(bytes: number): void {
    this.signal?.throwIfAborted();
    this.#expanded += bytes;
    const { expandedBytes, expansion } = this.#bounds;
    if (this.#expanded > Math.max(expandedBytes, this.#read * expansion)) {
      throw new ArchiveError(
        `it decompresses to more than ${expansion} times its size`,
      );
    }
  }

  entry(nameLength: number): void {
    if (++this.#entries > this.#bounds.entries) {
      throw new ArchiveError(
        `the image has more than ${this.#bounds.entries} entries`,
      );
    }
    if ((this.#nameLength += nameLength) > this.#bounds.nameLength) {
      throw new ArchiveError(
        `the names in the image are longer than ${this.#bounds.nameLength} characters together`,
      );
    }
  }
}

/** Milliseconds of work after which timers and signals are heard. */
const LONGEST = 50;

let last = performance.now();

/**
 * A turn of the event loop if one is due: Deno's zlib, and streams that always have
 * something ready, never return to it, and Ctrl-C would not be heard.
 */
export function eventLoopTurn(): Promise<void> | undefined {
  if (performance.now() - last < LONGEST) return undefined;
  return new Promise((resolve) =>
    setTimeout(() => {
      last = performance.now();
      resolve();
    })
  );
}
