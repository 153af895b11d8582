/**
 * What a child process writes: read line by line, of which the end is kept.
 *
 * @module
 */
import { stripVTControlCharacters } from "node:util";

/** Longest line that is passed on whole, in UTF-16 code units. */
const LONGEST = 64 * 1024;

/**
 * Calls back with each line of a stream of UTF-8, without its line end.
 *
 * @param stream The bytes; read to the end, or until it is cancelled.
 * @param onLine Called in order, also for a last line without an end.
 */
export async function lines(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  const take = (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) onLine(clean(part));
    while (rest.length > LONGEST) {
      onLine(clean(rest.slice(0, LONGEST)));
      rest = rest.slice(LONGEST);
    }
  };
  for await (const chunk of stream) {
    take(decoder.decode(chunk, { stream: true }));
  }
  take(decoder.decode());
  if (rest !== "") onLine(clean(rest));
}

/** A progress bar redraws its line with `\r`: what it drew last counts. */
function clean(line: string): string {
  const plain = line.includes("\x1b") ? stripVTControlCharacters(line) : line;
  const text = plain.replace(/\r+$/, "");
  return text.slice(text.lastIndexOf("\r") + 1);
}

/**
 * The end of a text that may be endless.
 *
 * @example
 * ```ts
 * const tail = new Tail(4);
 * tail.append("abcdef");
 * tail.toString(); // "…cdef"
 * ```
 */
export class Tail {
  #parts: string[] = [];
  #length = 0;
  #dropped = false;

  /** @param limit How many UTF-16 code units to keep. */
  constructor(readonly limit: number) {}

  /** Whether the beginning is gone. */
  get dropped(): boolean {
    return this.#dropped;
  }

  /** Adds text at the end; what exceeds the limit leaves at the front. */
  append(text: string): void {
    this.#parts.push(text);
    this.#length += text.length;
    // Joining only at twice the limit keeps the cost per character constant.
    if (this.#length > 2 * this.limit) this.#compact();
  }

  #compact(): void {
    const text = this.#parts.join("");
    this.#dropped ||= text.length > this.limit;
    this.#parts = [text.slice(-this.limit)];
    this.#length = this.#parts[0].length;
  }

  /** The text, with `…` in front when the beginning is gone. */
  toString(): string {
    if (this.#length > this.limit) this.#compact();
    return (this.#dropped ? "…" : "") + this.#parts.join("");
  }
}
