/**
 * Finds the payload of a program of Deno 2.9 and later: it is an ELF note of the
 * owner `SUI`, whose content starts with the name `d3n0l4nd`.
 *
 * @module
 */
import { type ElfHeader, type ElfSegment, viewOf } from "./elf.ts";
import type { Parser } from "./program_reader.ts";
import {
  parsePayload,
  type Payload,
  PROGRAM_MAGIC,
} from "./program_payload.ts";

/** The type of note that deno uses, `SUI` and 1. */
const NOTE_TYPE = 0x53554901;
/** Longer names, of owners or contents, are none that matter. */
const MAX_NAME_BYTES = 256;
/** Segments with more notes than this are no linker's work. */
const MAX_NOTES = 64;

/**
 * Goes through the notes of a segment, and through the payload if one holds it.
 *
 * @param segment The segment of notes; the parser starts at its offset.
 * @param header The file's header, for the order of bytes.
 * @param payload Receives where the payload is and what it holds.
 */
export function* parseNotes(
  segment: ElfSegment,
  header: ElfHeader,
  payload: Payload,
): Parser {
  const end = segment.offset + segment.bytes;
  const unit = segment.align === 8 ? 8 : 4;
  const padded = (bytes: number) => Math.ceil(bytes / unit) * unit;
  let at = segment.offset;
  for (let i = 0; i < MAX_NOTES && at + 12 <= end; i++) {
    const view = viewOf(yield { take: 12 });
    const [nameBytes, bytes, type] = [0, 4, 8].map((offset) =>
      view.getUint32(offset, header.littleEndian)
    );
    if (nameBytes > MAX_NAME_BYTES) return;
    const nameEnd = padded(12 + nameBytes);
    const owner = toText(yield { take: nameEnd - 12 });
    at += nameEnd;
    let left = padded(bytes);
    if (type === NOTE_TYPE && owner.startsWith("SUI\0") && bytes > 2) {
      const length = viewOf(yield { take: 2 }).getUint16(0, true);
      if (length > MAX_NAME_BYTES || length + 2 > bytes) return;
      if (toText(yield { take: length }) === PROGRAM_MAGIC) {
        payload.start = at + 2 + length;
        payload.bytes = bytes - 2 - length;
        return yield* parsePayload(payload);
      }
      left -= 2 + length;
      at += 2 + length;
    }
    yield { skip: left };
    at += left;
  }
}

function toText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
