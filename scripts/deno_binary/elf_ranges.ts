/**
 * Keeps the few ranges of a stream that are needed once it has passed: an ELF
 * file names its parts in an order that no single pass could follow otherwise.
 *
 * @module
 */

/** All ranges together never hold more than this. */
const MAX_KEPT_BYTES = 12 * 1024 * 1024;

interface Range {
  start: number;
  end: number;
  /** What has arrived so far, from `start` on. */
  bytes: Uint8Array;
  filled: number;
}

/** Bytes of chosen ranges of a stream, within a bound of 12 MiB. */
export class ElfRanges {
  #ranges: Range[] = [];
  #budget = MAX_KEPT_BYTES;
  #position = 0;

  /** Bytes that have passed so far. */
  get position(): number {
    return this.#position;
  }

  /**
   * Asks for a range; only what has not passed yet can be kept.
   *
   * @param start Offset of its first byte in the file.
   * @param end Offset after its last byte.
   * @returns Whether the range will be kept.
   */
  keep(start: number, end: number): boolean {
    const length = end - start;
    if (!(length > 0) || length > this.#budget || start < this.#position) {
      return false;
    }
    this.#budget -= length;
    this.#ranges.push({ start, end, bytes: new Uint8Array(0), filled: 0 });
    return true;
  }

  /** Takes the next chunk of the stream. */
  push(chunk: Uint8Array): void {
    const from = this.#position;
    const to = from + chunk.length;
    this.#position = to;
    for (const range of this.#ranges) {
      if (range.end <= from || range.start >= to) continue;
      const part = chunk.subarray(
        Math.max(0, range.start - from),
        Math.min(chunk.length, range.end - from),
      );
      // Grown as bytes arrive: a length that a header claims costs nothing.
      const needed = range.filled + part.length;
      if (needed > range.bytes.length) {
        const grown = new Uint8Array(
          Math.min(range.end - range.start, 2 * needed),
        );
        grown.set(range.bytes.subarray(0, range.filled));
        range.bytes = grown;
      }
      range.bytes.set(part, range.filled);
      range.filled = needed;
    }
  }

  /**
   * Reads what was kept.
   *
   * @param start Offset in the file.
   * @param length At most this many bytes.
   * @returns The bytes from `start` on that one range holds; empty if none does.
   */
  read(start: number, length: number): Uint8Array {
    let best: Uint8Array = new Uint8Array(0);
    for (const range of this.#ranges) {
      const offset = start - range.start;
      if (!(offset >= 0) || offset >= range.filled) continue;
      const bytes = range.bytes.subarray(
        offset,
        Math.min(range.filled, offset + length),
      );
      if (bytes.length > best.length) best = bytes;
    }
    return best;
  }
}
