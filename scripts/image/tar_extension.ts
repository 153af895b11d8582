/** What a tar header cannot say itself: PAX records and maps of sparse files. @module */
import { ArchiveError } from "./archive_error.ts";
import { BLOCK, decodeText, type Extension, readNumber } from "./tar_header.ts";

/** Notes the records of a PAX header, `LENGTH KEY=VALUE\n` each, that matter here. */
export function readPax(data: Uint8Array, extension: Extension): void {
  let at = 0;
  while (at < data.length) {
    const space = data.indexOf(0x20, at);
    const digits = space === -1 ? "" : decodeText(data.subarray(at, space));
    const length = /^[0-9]{1,8}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const equals = data.indexOf(0x3d, space);
    if (
      end <= space || end > data.length || data[end - 1] !== 0x0a ||
      equals === -1 || equals >= end
    ) throw new ArchiveError("a PAX header is damaged");
    const key = decodeText(data.subarray(space + 1, equals));
    // Attributes can be binary and large; only what is used is decoded.
    if (key === "SCHILY.xattr.security.capability") {
      const value = data.subarray(equals + 1, end - 1);
      extension.capabilities = value.toHex() || undefined;
    } else if (Object.hasOwn(PAX, key)) {
      PAX[key](extension, decodeText(data.subarray(equals + 1, end - 1)));
    }
    at = end;
  }
}

const PAX: Record<string, (extension: Extension, value: string) => void> = {
  "path": (extension, value) => extension.path = paxName(value),
  "GNU.sparse.name": (extension, value) => extension.path = paxName(value),
  "GNU.sparse.size": setRealSize,
  "GNU.sparse.realsize": setRealSize,
  "GNU.sparse.major": (extension, value) => {
    if (value === "1") extension.sparse = "1.0";
  },
  "GNU.sparse.map": (extension, value) => {
    extension.sparse = value === "" ? [] : value.split(",").map(mapNumber);
  },
  "GNU.sparse.offset": addToMap,
  "GNU.sparse.numbytes": addToMap,
  "linkpath": (extension, value) => extension.link = paxName(value),
  "size": (extension, value) => extension.size = paxNumber("size", value),
  "uid": (extension, value) => extension.uid = paxNumber("uid", value),
  "gid": (extension, value) => extension.gid = paxNumber("gid", value),
  "mtime": (extension, value) => extension.mtime = paxTime(value),
};

function setRealSize(extension: Extension, value: string): void {
  extension.realSize = paxNumber("size", value);
  extension.sparse ??= [];
}

function addToMap(extension: Extension, value: string): void {
  if (!Array.isArray(extension.sparse)) extension.sparse = [];
  extension.sparse.push(mapNumber(value));
}

function mapNumber(value: string): number {
  return paxNumber("map", value) ?? NaN;
}

function paxName(value: string): string | undefined {
  if (value.includes("\0")) {
    throw new ArchiveError("a PAX header has a name with a NUL in it");
  }
  return value === "" ? undefined : value;
}

function paxNumber(key: string, value: string): number | undefined {
  if (value === "") return undefined;
  const result = /^[0-9]{1,16}$/.test(value) ? Number(value) : NaN;
  if (!Number.isSafeInteger(result)) {
    throw new ArchiveError(`a PAX header has a ${key} that is no number`);
  }
  return result;
}

function paxTime(value: string): number | undefined {
  if (value === "") return undefined;
  if (!/^-?[0-9]{1,15}(\.[0-9]*)?$/.test(value)) {
    throw new ArchiveError("a PAX header has a time that is no number");
  }
  return Number(value);
}

/** Go's archive/tar, which the engines use, reads no longer map either. */
const LONGEST_MAP = 2 ** 20;
const ZEROS = new Uint8Array(2 ** 16);

/**
 * A file with holes, in the forms of GNU tar: old GNU (a map in the header and
 * blocks after it), PAX 0.0 and 0.1 (in PAX records) and 1.0 (before the content).
 */
export class SparseFile {
  /** With its holes. */
  readonly size: number;
  /** Bytes of content after the map. */
  stored: number;
  /** Whether the next block belongs to the map. */
  wantsBlock: boolean;
  readonly #isText: boolean;
  #mapLength = 0;
  #text = "";
  #lines = 0;
  /** Offset and length of each part that is stored. */
  readonly #map: number[];
  #part = 0;
  #done = 0;
  #position = 0;

  private constructor(
    size: number,
    stored: number,
    map: number[],
    more: "" | "blocks" | "text",
  ) {
    this.size = size;
    this.stored = stored;
    this.#map = map;
    this.wantsBlock = more !== "";
    this.#isText = more === "text";
    if (!this.wantsBlock) this.#check();
  }

  /** `undefined` for a file without holes; `stored` includes a map of PAX 1.0. */
  static of(
    flag: string,
    bytes: Uint8Array,
    at: number,
    { sparse, realSize }: Extension,
    stored: number,
  ): SparseFile | undefined {
    if (flag === "S") {
      const map = readEntries(bytes, at + 386, 4);
      const real = readNumber(bytes, at + 483, 12, "size");
      const more = bytes[at + 482] === 0 ? "" : "blocks";
      return new SparseFile(real, stored, map, more);
    }
    if (sparse === undefined || realSize === undefined) return undefined;
    if (sparse !== "1.0") return new SparseFile(realSize, stored, sparse, "");
    return new SparseFile(realSize, stored, [], "text");
  }

  block(bytes: Uint8Array, at: number): void {
    if ((this.#mapLength += BLOCK) > LONGEST_MAP) throw damaged();
    if (!this.#isText) {
      this.#map.push(...readEntries(bytes, at, 21));
      this.wantsBlock = bytes[at + 504] !== 0;
    } else {
      if ((this.stored -= BLOCK) < 0) throw damaged();
      this.#text += String.fromCharCode(...bytes.subarray(at, at + BLOCK));
      for (let index = at; index < at + BLOCK; index++) {
        if (bytes[index] === 0x0a) this.#lines++;
      }
      const count = /^([0-9]{1,6})\n/.exec(this.#text)?.[1];
      if (count === undefined) throw damaged();
      if (this.#lines < 1 + 2 * Number(count)) return;
      const numbers = this.#text.split("\n", 1 + 2 * Number(count)).slice(1);
      if (!numbers.every((line) => /^[0-9]{1,16}$/.test(line))) throw damaged();
      this.#map.push(...numbers.map(Number));
      this.wantsBlock = false;
    }
    if (!this.wantsBlock) this.#check();
  }

  /** Passes stored content on, with the holes before it. */
  data(chunk: Uint8Array, pass: (chunk: Uint8Array) => void): void {
    for (let at = 0; at < chunk.length;) {
      const offset = this.#map[this.#part];
      const length = this.#map[this.#part + 1] - this.#done;
      if (length === 0) {
        this.#part += 2;
        this.#done = 0;
        continue;
      }
      if (this.#done === 0) this.#hole(offset, pass);
      const part = chunk.subarray(at, at + length);
      pass(part);
      at += part.length;
      this.#done += part.length;
      this.#position += part.length;
    }
  }

  /** Passes the hole at the end on. */
  end(pass: (chunk: Uint8Array) => void): void {
    this.#hole(this.size, pass);
  }

  #hole(end: number, pass: (chunk: Uint8Array) => void): void {
    while (this.#position < end) {
      const length = Math.min(ZEROS.length, end - this.#position);
      pass(ZEROS.subarray(0, length));
      this.#position += length;
    }
  }

  /** Parts are in order, within the file, and as long together as what is stored. */
  #check(): void {
    const map = this.#map;
    let end = 0;
    let length = 0;
    for (let index = 0; index < map.length; index += 2) {
      if (!(map[index] >= end && map[index + 1] >= 0)) throw damaged();
      end = map[index] + map[index + 1];
      length += map[index + 1];
    }
    if (end > this.size || length !== this.stored) throw damaged();
  }
}

/** Entries of an old GNU map, up to the first that is empty. */
function readEntries(bytes: Uint8Array, at: number, count: number): number[] {
  const map: number[] = [];
  for (let index = 0; index < count; index++, at += 24) {
    if (bytes[at] === 0) break;
    map.push(
      readNumber(bytes, at, 12, "map"),
      readNumber(bytes, at + 12, 12, "map"),
    );
  }
  return map;
}

function damaged(): ArchiveError {
  return new ArchiveError("the map of a sparse file is damaged");
}
