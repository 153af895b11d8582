/**
 * The fields of a tar header: bytes to values, as strict as the engines are,
 * because a header read differently is another image.
 *
 * @module
 */
import type { EntryType } from "../model.ts";
import { ArchiveError } from "./archive_error.ts";
import { decodeText, type Extension } from "./tar_extension.ts";

/** Bytes of a tar block. */
export const BLOCK = 512;

/** A record of a tar before its path is judged. */
export interface TarHeader {
  path: string;
  type: EntryType;
  /** Bytes of content stored in the archive. */
  size: number;
  mode: number;
  uid: number;
  gid: number;
  mtime: number;
  /** Target as written; `""` for what is not a link. */
  link: string;
}

/** Text of a field up to its first NUL. */
function text(block: Uint8Array, start: number, length: number): string {
  const end = start + length;
  let result = "";
  for (let index = start; index < end; index++) {
    const byte = block[index];
    if (byte === 0) return result;
    if (byte >= 0x80) {
      const nul = block.indexOf(0, index);
      return decodeText(
        block.subarray(start, nul === -1 || nul > end ? end : nul),
      );
    }
    result += String.fromCharCode(byte);
  }
  return result;
}

/** A number in octal digits, or in base 256 when the first bit is set. */
function number(
  block: Uint8Array,
  start: number,
  length: number,
  field: string,
): number {
  const first = block[start];
  let value = 0;
  if (first & 0x80) {
    const negative = (first & 0x40) !== 0;
    value = negative ? (first | ~0xff) : first & 0x3f;
    for (let index = start + 1; index < start + length; index++) {
      value = value * 256 + block[index];
    }
    if (!Number.isSafeInteger(value)) {
      throw new ArchiveError(`a tar header has a ${field} out of range`);
    }
    return value;
  }
  let index = start;
  let end = start + length;
  while (index < end && (block[index] === 0x20 || block[index] === 0)) index++;
  while (end > index && (block[end - 1] === 0x20 || block[end - 1] === 0)) {
    end--;
  }
  for (; index < end; index++) {
    const digit = block[index] - 0x30;
    // Some writers leave rubbish after the NUL that ends the digits.
    if (block[index] === 0) break;
    if (digit < 0 || digit > 7) {
      throw new ArchiveError(`a tar header has a ${field} that is no number`);
    }
    value = value * 8 + digit;
  }
  return value;
}

/** Whether the block's checksum is right, by either of the two ways to add it up. */
export function checksumHolds(block: Uint8Array): boolean {
  // The field itself counts as spaces.
  let sum = 8 * 0x20;
  for (let index = 0; index < 148; index++) sum += block[index];
  for (let index = 156; index < BLOCK; index++) sum += block[index];
  let stated: number;
  try {
    stated = number(block, 148, 8, "checksum");
  } catch {
    return false;
  }
  if (stated === sum) return true;
  // Some old writers added the bytes up as signed ones.
  for (let index = 0; index < BLOCK; index++) {
    if ((index < 148 || index >= 156) && block[index] >= 0x80) sum -= 256;
  }
  return stated === sum;
}

/** Whether all bytes are zero, as in the two blocks that end a tar. */
export function isZero(block: Uint8Array): boolean {
  for (let index = 0; index < BLOCK; index++) {
    if (block[index] !== 0) return false;
  }
  return true;
}

const TYPES: Record<string, EntryType> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "S": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character-device",
  "4": "block-device",
  "5": "directory",
  "6": "fifo",
};

/** Type flags with a meaning of their own: they describe other records, or hold nothing. */
export const FLAG = {
  pax: "x",
  globalPax: "g",
  solarisPax: "X",
  longName: "L",
  longLink: "K",
  sparse: "S",
  volume: "V",
} as const;

/** The type flag of a header. */
export function flagOf(block: Uint8Array): string {
  return String.fromCharCode(block[156]);
}

/** Bytes that follow the header, whatever it describes. */
export function sizeOf(block: Uint8Array): number {
  const size = number(block, 124, 12, "size");
  if (size < 0) throw new ArchiveError("a tar header has a negative size");
  return size;
}

/** Whether another 512 bytes of the map of an old GNU sparse file follow. */
export function sparseContinues(block: Uint8Array, isHeader: boolean): boolean {
  return block[isHeader ? 482 : 504] !== 0;
}

/**
 * A header as a record.
 *
 * @param block The 512 bytes, whose checksum was found right.
 * @param extension What PAX and GNU records before it have said.
 * @throws {ArchiveError} for a field that cannot be read.
 */
export function readHeader(
  block: Uint8Array,
  extension: Extension,
): TarHeader {
  let path = extension.path ?? text(block, 0, 100);
  // `ustar\0` has a prefix there; GNU's `ustar ` has other fields.
  if (
    extension.path === undefined && block[345] !== 0 &&
    text(block, 257, 6) === "ustar"
  ) {
    const star = text(block, 508, 4) === "tar";
    path = `${text(block, 345, star ? 131 : 155)}/${path}`;
  }
  const flag = flagOf(block);
  // Before ustar a directory was a file whose name ends in a slash.
  const type = (flag === "0" || flag === "\0") && path.endsWith("/")
    ? "directory"
    : flag === "D"
    ? "directory"
    : TYPES[flag] ?? "file";
  return {
    path,
    type,
    size: type === "file" || flag === "D" ? extension.size ?? sizeOf(block) : 0,
    mode: number(block, 100, 8, "mode") & 0o7777,
    uid: extension.uid ?? number(block, 108, 8, "owner"),
    gid: extension.gid ?? number(block, 116, 8, "group"),
    mtime: extension.mtime ?? number(block, 136, 12, "time"),
    link: type === "symlink" || type === "hardlink"
      ? extension.link ?? text(block, 157, 100)
      : "",
  };
}
