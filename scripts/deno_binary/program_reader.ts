/**
 * Turns a parser that asks for bytes into one that is given them: the parser is
 * a generator and reads from top to bottom, while the file arrives in chunks.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";

/** What a parser wants next: so many bytes, to be past so many, or their SHA-256. */
export type Ask = { take: number } | { skip: number } | { hash: number };

/**
 * A parser: asks, gets the bytes (none for a skip, 32 for a hash), and ends when
 * it is done.
 */
export type Parser = Generator<Ask, void, Uint8Array>;

const NOTHING = new Uint8Array(0);

/** Feeds one parser from the chunks of a stream. */
export class ProgramReader {
  #parser: Parser;
  #parts: Uint8Array[] = [];
  #missing = 0;
  #skips = false;
  #hash?: Hash;
  /** Offset in the file of the next byte that the parser gets. */
  next: number;
  /** Whether the parser has seen enough. */
  done = false;

  /**
   * @param start Offset in the file of the first byte that the parser wants.
   * @param parser The parser. Bytes it is given are valid until it asks again.
   */
  constructor(start: number, parser: Parser) {
    this.next = start;
    this.#parser = parser;
    this.#answer(NOTHING);
  }

  /**
   * Takes a chunk of the file.
   *
   * @param position Offset of the chunk in the file; what the parser has got
   * already is passed over.
   */
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
        this.#answer(parts.length === 0 ? bytes : join(parts, bytes));
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

function join(parts: readonly Uint8Array[], last: Uint8Array): Uint8Array {
  const before = parts.reduce((sum, part) => sum + part.length, 0);
  const whole = new Uint8Array(before + last.length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  whole.set(last, at);
  return whole;
}
