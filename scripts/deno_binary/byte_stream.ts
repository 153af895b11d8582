/** Parts of a file, kept or parsed while it streams by. @module */
import { Buffer } from "node:buffer";
import { createHash, type Hash } from "node:crypto";

const NOTHING = new Uint8Array(0);

/** All ranges together never hold more than this. */
const MAX_KEPT_BYTES = 12 * 1024 * 1024;

interface Range {
  start: number;
  end: number;
  /** Room for all of it, once the first of it arrives. */
  bytes?: Uint8Array<ArrayBuffer>;
  length: number;
}

/** Room that an earlier file needs no longer: new memory costs more than to fill it. */
let spare = NOTHING;

function roomFor(length: number): Uint8Array<ArrayBuffer> {
  if (spare.length < length) return new Uint8Array(length);
  const room = spare;
  spare = NOTHING;
  return room;
}

/** Bytes of chosen ranges of a stream, within a bound of 12 MiB. */
export class KeptRanges {
  #ranges: Range[] = [];
  #budget = MAX_KEPT_BYTES;
  #position = 0;

  get position(): number {
    return this.#position;
  }

  /** Asks for a range; tells whether it will be kept, which what has passed is not. */
  keep(start: number, end: number): boolean {
    if (this.#ranges.some((kept) => kept.start <= start && end <= kept.end)) {
      return end > start;
    }
    const length = end - start;
    if (!(length > 0) || length > this.#budget || start < this.#position) {
      return false;
    }
    this.#budget -= length;
    this.#ranges.push({ start, end, length: 0 });
    return true;
  }

  push(chunk: Uint8Array): void {
    const from = this.#position;
    const to = from + chunk.length;
    this.#position = to;
    for (const range of this.#ranges) {
      const { start, end } = range;
      if (end <= from || start >= to) continue;
      const part = chunk.subarray(Math.max(0, start - from), end - from);
      range.bytes ??= roomFor(end - start);
      range.bytes.set(part, range.length);
      range.length += part.length;
    }
  }

  /** Gives its room away: what was read of it is not valid any more. */
  release(): void {
    for (const { bytes = NOTHING } of this.#ranges) {
      if (bytes.length > spare.length) spare = bytes;
    }
    this.#ranges = [];
  }

  /** The bytes from `start` on that one range holds, at most `length`. */
  read(start: number, length: number): Uint8Array {
    let best: Uint8Array = NOTHING;
    for (const { start: first, bytes, length: arrived } of this.#ranges) {
      const offset = start - first;
      if (!(offset >= 0) || bytes === undefined) continue;
      const found = bytes.subarray(offset, Math.min(arrived, offset + length));
      if (found.length > best.length) best = found;
    }
    return best;
  }
}

/** What a parser wants next: so many bytes, to be past so many, or their SHA-256. */
export type Ask = { take: number } | { skip: number } | { hash: number };

/** Asks, gets the bytes (none for a skip, 32 for a hash), and ends when it is done. */
export type Parser = Generator<Ask, void, Uint8Array>;

export class StreamParser {
  #parser: Parser;
  #parts: Uint8Array[] = [];
  #missing = 0;
  #skips = false;
  #hash?: Hash;
  /** Offset in the file of the next byte that the parser gets. */
  next: number;
  done = false;

  /** @param start Offset of the first byte that the parser wants. */
  constructor(start: number, parser: Parser) {
    this.next = start;
    this.#parser = parser;
    this.#answer(NOTHING);
  }

  /** Takes a chunk at an offset in the file; what the parser has got already is passed over. */
  push(position: number, chunk: Uint8Array): void {
    let at = this.next - position;
    if (at < 0) this.done = true; // What lies between has gone for good.
    while (!this.done && at < chunk.length) {
      const step = Math.min(this.#missing, chunk.length - at);
      const bytes = chunk.subarray(at, at + step);
      at += step;
      this.next += step;
      this.#missing -= step;
      if (this.#skips) {
        this.#hash?.update(bytes);
        if (this.#missing === 0) this.#answer(this.#hash?.digest() ?? NOTHING);
      } else if (this.#missing > 0) {
        this.#parts.push(bytes.slice());
      } else {
        const parts = this.#parts;
        this.#parts = [];
        this.#answer(
          parts.length === 0 ? bytes : Buffer.concat([...parts, bytes]),
        );
      }
    }
  }

  /** Answers the last question, and those that need no bytes. */
  #answer(bytes: Uint8Array): void {
    for (;;) {
      const step = this.#parser.next(bytes);
      if (step.done) {
        this.done = true;
        return;
      }
      const ask = step.value;
      this.#skips = !("take" in ask);
      this.#hash = "hash" in ask ? createHash("sha256") : undefined;
      this.#missing = Object.values(ask)[0];
      if (this.#missing > 0) return;
      bytes = this.#hash?.digest() ?? NOTHING;
    }
  }
}
