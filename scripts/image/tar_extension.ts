/**
 * What the records before a tar header say in place of its fields: PAX, and the
 * long names of GNU tar.
 *
 * @module
 */
import { ArchiveError } from "./archive_error.ts";
import { decodeText, type Extension } from "./tar_header.ts";

/**
 * The records of a PAX header that matter here.
 *
 * @throws {ArchiveError} for records that are not `LENGTH KEY=VALUE\n`.
 */
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
  "GNU.sparse.size": (extension, value) => setRealSize(extension, value),
  "GNU.sparse.realsize": (extension, value) => setRealSize(extension, value),
  "GNU.sparse.major": (extension, value) => {
    if (value === "1") extension.sparse = "1.0";
  },
  "GNU.sparse.map": (extension, value) => {
    extension.sparse = value === "" ? [] : value.split(",").map(mapNumber);
  },
  "GNU.sparse.offset": (extension, value) => addToMap(extension, value),
  "GNU.sparse.numbytes": (extension, value) => addToMap(extension, value),
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
