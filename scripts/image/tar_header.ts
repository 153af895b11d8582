/** The fields of a tar header, read as strictly as the engines do. @module */
import { isUtf8 } from "node:buffer";
import type { Entry, EntryType } from "./model.ts";
import { ArchiveError } from "./archive_error.ts";

export const BLOCK = 512;

/** What the extension records before a header say in its place. */
export interface Extension extends Partial<Entry> {
  /** Map of a sparse file: offset and length of what is stored, or where it is. */
  sparse?: number[] | "1.0";
  /** With its holes. */
  realSize?: number;
}

// A header is read where it lies in the chunk: a view of each field would be more
// garbage than all that is kept of it.

const codes: number[] = [];

function text(bytes: Uint8Array, start: number, length: number): string {
  let end = start;
  let bits = 0;
  while (end < start + length && bytes[end] !== 0) bits |= bytes[end++];
  if (bits >= 0x80) return decodeText(bytes.subarray(start, end));
  // In one piece: a string that grows letter by letter keeps all its parts.
  codes.length = end - start;
  for (let index = start; index < end; index++) {
    codes[index - start] = bytes[index];
  }
  return String.fromCharCode.apply(null, codes);
}

/** A field in octal digits, or in base 256 when the first bit is set. */
export function readNumber(
  bytes: Uint8Array,
  start: number,
  length: number,
  field: string,
): number {
  const first = bytes[start];
  let value = 0;
  if (first & 0x80) {
    const negative = (first & 0x40) !== 0;
    value = negative ? (first | ~0xff) : first & 0x3f;
    for (let index = start + 1; index < start + length; index++) {
      value = value * 256 + bytes[index];
    }
    if (!Number.isSafeInteger(value)) {
      throw new ArchiveError(`a tar header has a ${field} out of range`);
    }
    return value;
  }
  let index = start;
  let end = start + length;
  while (index < end && (bytes[index] === 0x20 || bytes[index] === 0)) index++;
  while (end > index && (bytes[end - 1] === 0x20 || bytes[end - 1] === 0)) {
    end--;
  }
  for (; index < end; index++) {
    const digit = bytes[index] - 0x30;
    // Some writers leave rubbish after the NUL that ends the digits.
    if (bytes[index] === 0) break;
    if (digit < 0 || digit > 7) {
      throw new ArchiveError(`a tar header has a ${field} that is no number`);
    }
    value = value * 8 + digit;
  }
  return value;
}

/** Whether the checksum of the block at `at` is right, by either way to add it up. */
export function checksumHolds(bytes: Uint8Array, at = 0): boolean {
  // The field itself counts as spaces.
  let sum = 8 * 0x20;
  for (let index = at; index < at + 148; index++) sum += bytes[index];
  for (let index = at + 156; index < at + BLOCK; index++) sum += bytes[index];
  let stated: number;
  try {
    stated = readNumber(bytes, at + 148, 8, "checksum");
  } catch {
    return false;
  }
  if (stated === sum) return true;
  // Some old writers added the bytes up as signed ones.
  for (let index = 0; index < BLOCK; index++) {
    const own = index >= 148 && index < 156;
    if (!own && bytes[at + index] >= 0x80) sum -= 256;
  }
  return stated === sum;
}

/** Whether the block is all zeros, as the two that end a tar. */
export function isZero(bytes: Uint8Array, at = 0): boolean {
  return bytes.subarray(at, at + BLOCK).every((byte) => byte === 0);
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

export function flagOf(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at + 156]);
}

export function sizeOf(bytes: Uint8Array, at: number): number {
  const size = readNumber(bytes, at + 124, 12, "size");
  if (size < 0) throw new ArchiveError("a tar header has a negative size");
  return size;
}

/** Reads a header whose checksum was found right: path, size and link as written. */
export function readHeader(
  bytes: Uint8Array,
  at: number,
  extension: Extension,
): Entry {
  let path = extension.path ?? text(bytes, at, 100);
  // `ustar\0` has a prefix there; GNU's `ustar ` has other fields.
  if (
    extension.path === undefined && bytes[at + 345] !== 0 &&
    text(bytes, at + 257, 6) === "ustar"
  ) {
    const star = text(bytes, at + 508, 4) === "tar";
    path = `${text(bytes, at + 345, star ? 131 : 155)}/${path}`;
  }
  const flag = flagOf(bytes, at);
  // Before ustar a directory was a file whose name ends in a slash.
  const type = (flag === "0" || flag === "\0") && path.endsWith("/")
    ? "directory"
    : flag === "D"
    ? "directory"
    : TYPES[flag] ?? "file";
  return {
    path,
    type,
    size: type === "file" || flag === "D"
      ? extension.size ?? sizeOf(bytes, at)
      : 0,
    mode: readNumber(bytes, at + 100, 8, "mode") & 0o7777,
    uid: extension.uid ?? readNumber(bytes, at + 108, 8, "owner"),
    gid: extension.gid ?? readNumber(bytes, at + 116, 8, "group"),
    mtime: extension.mtime ?? readNumber(bytes, at + 136, 12, "time"),
    link: type === "symlink" || type === "hardlink"
      ? extension.link ?? text(bytes, at + 157, 100)
      : undefined,
    device: type === "character-device" || type === "block-device"
      ? `${readNumber(bytes, at + 329, 8, "device")}:${
        readNumber(bytes, at + 337, 8, "device")
      }`
      : undefined,
    capabilities: extension.capabilities,
    // Here, so that all entries have one shape.
    sha256: undefined,
    found: undefined,
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A byte that is not UTF-8 becomes the lone surrogate U+DC00 + byte, as in Python. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    // It has other bytes.
  }
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const character = [1, 2, 3, 4]
      .map((length) => bytes.subarray(at, at + length)).find(isUtf8);
    text += character === undefined
      ? String.fromCharCode(0xdc00 + bytes[at])
      : utf8.decode(character);
    at += character?.length ?? 1;
  }
  return text;
}

/** Linux takes no longer path, so no engine can unpack one. */
const LONGEST_PATH = 4096;

/**
 * `a/b` for `./a//b/` and `/a/b`, `""` for the root; throws for what climbs out of
 * it.
 */
export function normalisePath(name: string): string {
  if (name.length > LONGEST_PATH) {
    throw new ArchiveError(
      `a name is longer than ${LONGEST_PATH} characters: ${
        JSON.stringify(name.slice(0, 64))
      }…`,
    );
  }
  // Nearly all names need no more than these cuts.
  let start = 0;
  let end = name.length;
  if (name.startsWith("./")) start = 2;
  if (end > start && name.endsWith("/")) end--;
  const short = name.slice(start, end);
  if (!IRREGULAR.test(short)) return short;

  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    // `/..` is `/`, but a relative name must not leave where it is unpacked.
    else if (parts.pop() === undefined && !name.startsWith("/")) {
      throw new ArchiveError(
        `a name leaves the image: ${JSON.stringify(name)}`,
      );
    }
  }
  return parts.join("/");
}

const IRREGULAR = /^\/|\/\/|\/$|(?:^|\/)\.{1,2}(?:\/|$)/;
