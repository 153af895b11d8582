/**
 * Output kept within bounds: a chatty build or service must not fill the
 * memory of the tool that watches it, and the end is what explains a failure.
 *
 * @module
 */

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
