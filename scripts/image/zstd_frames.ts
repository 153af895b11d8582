/**
 * Where the frames of a zstd stream begin and end. Deno's decompressor stops
 * after the first frame of a chunk and takes a stream that is cut off for a whole
 * one; both are found here, from the lengths that a frame states (RFC 8878).
 *
 * @module
 */
import { ArchiveError } from "./archive_error.ts";

/** A field to collect, followed by bytes that need not be looked at. */
type Part = "magic" | "skippable" | "header" | "block" | "checksum";

const FIELD: Record<Part, number> = {
  magic: 4,
  skippable: 4,
  header: 1,
  block: 3,
  checksum: 4,
};

/** Follows a zstd stream and cuts it at the ends of its frames. */
export class ZstdFrames {
  #part: Part = "magic";
  readonly #field = new Uint8Array(4);
  #have = 0;
  /** Bytes of a magic number that came with an earlier chunk. */
  #held = 0;
  /** Bytes still to come after the field. */
  #remaining = 0;
  #lastBlock = false;
  #checksum = false;

  /**
   * The parts of a chunk that can be decompressed one by one: none crosses the
   * end of a frame, and skippable frames are left out.
   *
   * @throws {ArchiveError} when the bytes are no zstd frames.
   */
  split(chunk: Uint8Array): Uint8Array[] {
    const parts: Uint8Array[] = [];
    let start = 0;
    let at = 0;
    const emit = (end: number) => {
      if (end > start) parts.push(chunk.subarray(start, end));
      start = end;
    };
    while (at < chunk.length) {
      if (this.#remaining > 0) {
        const step = Math.min(this.#remaining, chunk.length - at);
        at += step;
        this.#remaining -= step;
      } else {
        this.#field[this.#have++] = chunk[at++];
        if (this.#have < FIELD[this.#part]) continue;
        this.#have = 0;
        this.#remaining = this.#following();
      }
      if (this.#remaining > 0) continue;
      const ended = this.#part;
      if (!this.#next()) {
        if (ended === "magic") {
          // Of a skippable frame nothing is passed on, its magic included.
          if (this.#part === "skippable") start = at;
          else if (this.#held > 0) {
            parts.push(this.#field.slice(0, this.#held));
          }
          this.#held = 0;
        }
      } else if (ended === "skippable") start = at;
      else emit(at);
    }
    if (this.#part === "skippable") return parts;
    if (this.#part === "magic") {
      emit(Math.max(start, chunk.length - this.#have));
      this.#held = this.#have;
    } else emit(chunk.length);
    return parts;
  }

  /** @throws {ArchiveError} when the stream stops within a frame. */
  finish(): void {
    if (this.#part !== "magic" || this.#have > 0) {
      throw new ArchiveError("its zstd stream is cut off");
    }
  }

  /** How many bytes follow the field that is now complete. */
  #following(): number {
    const field = this.#field;
    switch (this.#part) {
      case "skippable":
        return uint32(field);
      case "header": {
        const single = (field[0] & 0x20) !== 0;
        const contentSize = field[0] >> 6;
        this.#checksum = (field[0] & 0x04) !== 0;
        return (single ? 0 : 1) + [0, 1, 2, 4][field[0] & 3] +
          (contentSize > 0 ? 2 ** contentSize : single ? 1 : 0);
      }
      case "block": {
        const value = field[0] | field[1] << 8 | field[2] << 16;
        const type = value >> 1 & 3;
        if (type === 3) throw damaged();
        this.#lastBlock = (value & 1) !== 0;
        return type === 1 ? 1 : value >> 3;
      }
      default:
        return 0;
    }
  }

  /** Goes on to the next part; tells whether a frame has ended. */
  #next(): boolean {
    switch (this.#part) {
      case "magic": {
        const magic = uint32(this.#field);
        if ((magic & ~0xf) >>> 0 === 0x184d2a50) this.#part = "skippable";
        else if (magic === 0xfd2fb528) this.#part = "header";
        else throw damaged();
        return false;
      }
      case "header":
        this.#part = "block";
        return false;
      case "block":
        if (!this.#lastBlock) return false;
        if (this.#checksum) {
          this.#part = "checksum";
          return false;
        }
        break;
    }
    this.#part = "magic";
    return true;
  }
}

function uint32(bytes: Uint8Array): number {
  return (bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24) >>> 0;
}

function damaged(): ArchiveError {
  return new ArchiveError("its zstd stream is damaged");
}
