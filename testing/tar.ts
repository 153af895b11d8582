/**
 * Tars made for tests, record by record and right or wrong on purpose.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { EntryType } from "../scripts/image/model.ts";

/** A record to write. */
export interface TarEntry {
  path: string;
  /** A file, unless told. */
  type?: EntryType;
  content?: string | Uint8Array;
  /** 0o644; 0o755 for directories. */
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  link?: string;
  /** How names that do not fit are written: PAX, unless told. */
  format?: "pax" | "gnu";
  /** More PAX records; as pairs where keys occur twice. */
  pax?: Record<string, string | Uint8Array> | [string, string][];
  /** Major and minor number of a device. */
  device?: [number, number];
  /** In place of the type's own flag. */
  flag?: string;
}

const BLOCK = 512;
const encoder = new TextEncoder();

const FLAGS: Record<EntryType, string> = {
  "file": "0",
  "hardlink": "1",
  "symlink": "2",
  "character-device": "3",
  "block-device": "4",
  "directory": "5",
  "fifo": "6",
};

/** Text as bytes. */
export function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? encoder.encode(content) : content;
}

/** Hex SHA-256. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Byte arrays end to end. */
export function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(
    parts.reduce((sum, part) => sum + part.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** Writes a number: octal digits, or base 256 when it does not fit. */
function putNumber(
  header: Uint8Array,
  value: number,
  start: number,
  length: number,
): void {
  const digits = value.toString(8).padStart(length - 1, "0");
  if (value >= 0 && digits.length < length) {
    for (let index = 0; index < digits.length; index++) {
      header[start + index] = digits.charCodeAt(index);
    }
    return;
  }
  let rest = BigInt.asUintN(length * 8, BigInt(value));
  for (let index = start + length - 1; index >= start; index--, rest >>= 8n) {
    header[index] = Number(rest & 0xffn);
  }
  header[start] |= 0x80;
}

const MAGIC = encoder.encode("ustar\x0000");

/** One header of 512 bytes, its checksum right. */
export function makeHeader(
  fields: {
    name: string | Uint8Array;
    flag: string;
    size: number;
    mode?: number;
    uid?: number;
    gid?: number;
    mtime?: number;
    link?: string | Uint8Array;
    prefix?: string;
    device?: [number, number];
  },
): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(BLOCK);
  header.set(bytesOf(fields.name).subarray(0, 100), 0);
  putNumber(header, fields.mode ?? 0o644, 100, 8);
  putNumber(header, fields.uid ?? 0, 108, 8);
  putNumber(header, fields.gid ?? 0, 116, 8);
  putNumber(header, fields.size, 124, 12);
  putNumber(header, fields.mtime ?? 0, 136, 12);
  header[156] = fields.flag.charCodeAt(0);
  if (fields.link) header.set(bytesOf(fields.link).subarray(0, 100), 157);
  header.set(MAGIC, 257);
  if (fields.device) {
    putNumber(header, fields.device[0], 329, 8);
    putNumber(header, fields.device[1], 337, 8);
  }
  if (fields.prefix) {
    header.set(bytesOf(fields.prefix).subarray(0, 155), 345);
  }
  return sealHeader(header);
}

/** Writes the checksum of a header that was changed. */
export function sealHeader(
  header: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  header.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of header) sum += byte;
  putNumber(header, sum, 148, 7);
  header[154] = 0;
  return header;
}

/** Bytes with zeros up to the next block. */
export function padded(bytes: Uint8Array): Uint8Array {
  const rest = bytes.length % BLOCK;
  return rest === 0 ? bytes : join([bytes, new Uint8Array(BLOCK - rest)]);
}

/** A PAX record; its length counts its own digits. */
function paxRecord(key: string, value: string | Uint8Array): Uint8Array {
  const body = join([
    encoder.encode(` ${key}=`),
    bytesOf(value),
    encoder.encode("\n"),
  ]);
  let length = body.length + 1;
  while (body.length + String(length).length !== length) {
    length = body.length + String(length).length;
  }
  return join([encoder.encode(String(length)), body]);
}

/** A record with its extension headers. */
export function makeRecord(entry: TarEntry): Uint8Array {
  return join(recordParts(entry));
}

function recordParts(entry: TarEntry): Uint8Array[] {
  const type = entry.type ?? "file";
  const content = bytesOf(entry.content ?? "");
  const name = type === "directory" && !entry.path.endsWith("/")
    ? `${entry.path}/`
    : entry.path;
  const link = entry.link ?? "";
  const pax = Array.isArray(entry.pax)
    ? [...entry.pax]
    : Object.entries(entry.pax ?? {});
  const parts: Uint8Array[] = [];
  const long = (text: string, flag: string, key: string) => {
    if (text.length <= 33 || bytesOf(text).length <= 100) return;
    if (entry.format !== "gnu") pax.push([key, text]);
    else {
      const data = bytesOf(`${text}\0`);
      const name = "././@LongLink";
      parts.push(makeHeader({ name, flag, size: data.length }), padded(data));
    }
  };
  long(link, "K", "linkpath");
  long(name, "L", "path");
  if (!Number.isInteger(entry.mtime ?? 0)) {
    pax.push(["mtime", String(entry.mtime)]);
  }
  if (pax.length > 0) {
    const data = join(
      pax.map(([key, value]) => paxRecord(key, value)),
    );
    parts.push(
      makeHeader({ name: "PaxHeaders/x", flag: "x", size: data.length }),
      padded(data),
    );
  }
  parts.push(
    makeHeader({
      name,
      flag: entry.flag ?? FLAGS[type],
      size: content.length,
      mode: entry.mode ?? (type === "directory" ? 0o755 : 0o644),
      uid: entry.uid,
      gid: entry.gid,
      mtime: Math.floor(entry.mtime ?? 0),
      link,
      device: entry.device,
    }),
    padded(content),
  );
  return parts;
}

/** A whole tar with the two blocks of zeros at its end. */
export function makeTar(entries: readonly TarEntry[]): Uint8Array<ArrayBuffer> {
  return join([...entries.flatMap(recordParts), new Uint8Array(2 * BLOCK)]);
}
