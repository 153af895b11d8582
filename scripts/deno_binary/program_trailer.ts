/**
 * The last bytes of a program of Deno 2.8 and earlier: they tell how much of the
 * file is payload, which is how the program finds it itself.
 *
 * @module
 */
import { readU64, viewOf } from "./elf.ts";
import { PROGRAM_MAGIC } from "./program_payload.ts";

/** What the trailer starts with, after the magic that ends the payload. */
const TRAILER = 0x501e;
/** The sum of the bytes of `d3n0l4nd`, by which the payload is named. */
const NAME = 0x2a7;

/**
 * Reads a trailer.
 *
 * @param tail The last 24 bytes of the file.
 * @returns Bytes from the start of the payload to the end of the file, if there is one.
 */
export function trailerLength(tail: Uint8Array): number | undefined {
  if (tail.length !== 24) return undefined;
  // The length had 32 bits up to Deno 2.1, 64 bits since.
  for (const at of [0, 4]) {
    const magic = new TextDecoder().decode(tail.subarray(at, at + 8));
    if (magic !== PROGRAM_MAGIC) continue;
    const view = viewOf(tail);
    if (view.getUint32(at + 8, true) !== TRAILER) continue;
    if (view.getUint32(at + 12, true) !== NAME) continue;
    return at === 0 ? readU64(view, 16, true) : view.getUint32(20, true);
  }
  return undefined;
}
