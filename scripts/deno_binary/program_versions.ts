/** The versions of Deno and V8, from the strings that a runtime answers with. @module */
import { Buffer } from "node:buffer";

/** Versions as `Deno.version` gives them; absent unless certain. */
export interface ProgramVersions {
  deno?: string;
  v8?: string;
}

/**
 * The two user agents, short and with the commit (unknown to a build from a source
 * archive), which the compiler lays side by side: seen in every release from 2.1
 * to 2.9, and nowhere else by chance.
 */
const DENO =
  /Deno\/(\d+\.\d+\.\d+(?:-[0-9a-z.]+)?)Deno\/\1\+(?:[0-9a-f]{7}|UNKNOWN)/y;
/** V8's own string in Deno's build of it; a zero in front tells it from a longer number. */
const V8_END = "-rusty";
const V8 = /\0(\d+\.\d+\.\d+\.\d+-rusty)[^0-9A-Za-z.-]$/;
/** What `denort` says without a payload; the command `deno` has no such text. */
const NO_PAYLOAD = "Could not find standalone binary section";

/** Longer than any of them: kept from one chunk to the next. */
const OVERLAP = 160;
/** Text that is made of a chunk at a time: little enough to stay in the core's cache. */
const PIECE = 64 * 1024;

export class VersionSearch {
  #tail = "";
  found: ProgramVersions = {};
  /** Whether the runtime is one that runs nothing but a payload. */
  standalone = false;

  /** Bytes between two chunks are left out: no text lies across them. */
  skip(): void {
    this.#tail = "";
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at += PIECE) {
      const piece = chunk.subarray(at, at + PIECE);
      // Text of one byte a character: its search is the fastest there is.
      const text = this.#tail +
        Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
          .toString("latin1");
      const deno = this.found.deno ?? findDeno(text);
      const v8 = this.found.v8 ?? findV8(text);
      this.found = { ...deno && { deno }, ...v8 && { v8 } };
      this.standalone ||= text.includes(NO_PAYLOAD);
      this.#tail = text.slice(-OVERLAP);
    }
  }
}

/** Looks for the literal first, since a pattern over all bytes costs ten times more. */
function findDeno(text: string): string | undefined {
  for (const at of occurrences(text, "Deno/")) {
    DENO.lastIndex = at;
    const match = DENO.exec(text);
    if (match) return match[1];
  }
  return undefined;
}

function findV8(text: string): string | undefined {
  for (const at of occurrences(text, V8_END)) {
    const end = at + V8_END.length + 1;
    const match = V8.exec(text.slice(Math.max(0, at - 24), end));
    if (match) return match[1];
  }
  return undefined;
}

function* occurrences(text: string, literal: string): Generator<number> {
  for (
    let at = text.indexOf(literal);
    at >= 0;
    at = text.indexOf(literal, at + 1)
  ) yield at;
}
