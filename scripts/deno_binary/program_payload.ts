/**
 * Reads what `deno compile` adds to the runtime, in an ELF note since Deno 2.9,
 * behind the runtime and in front of a trailer before. Only the tables are held.
 *
 * The layout, little-endian throughout, each part after the other:
 *
 * | part | form |
 * |---|---|
 * | magic | `d3n0l4nd` |
 * | metadata | u64 length, JSON |
 * | npm resolution | u64 length, table |
 * | specifiers | u32 count of (u32 length, text, u32 id) |
 * | redirects | u32 count of (u32 id, u32 id) |
 * | remote modules | u32 count of (u32 id, u8 media type, u32 length, source, u8 flags, and for each of the flags 1, 2 and 4: u32 length, data) |
 * | file system | u64 length, JSON |
 * | file data | u64 length, data |
 * | magic | `d3n0l4nd` |
 *
 * @module
 */
import { hash } from "node:crypto";
import type { Ask, Parser } from "./byte_stream.ts";
import { type ElfHeader, type ElfSegment, viewOf } from "./elf.ts";
import {
  listFiles,
  type ProgramContents,
  type ProgramOptions,
  type Read,
  summarise,
} from "./program_files.ts";
import {
  MAX_RESOLUTION_BYTES,
  parseJson,
  parseResolution,
  property,
  resolve,
} from "./program_npm.ts";
import type { Permissions } from "./program_schema.ts";

const MAGIC = "d3n0l4nd";

/** `SUI` and 1. */
const NOTE_TYPE = 0x53554901;
/** Longer names are none that matter. */
const MAX_NAME_BYTES = 256;
/** Segments with more notes than this are no linker's work. */
const MAX_NOTES = 64;
/** What the trailer starts with, after the magic that ends the payload. */
const TRAILER = 0x501e;
/** The sum of the bytes of `d3n0l4nd`, by which the payload is named. */
const NAME = 0x2a7;
/** Without `import`: a compiled program finds no module that it does not hold. */
const KINDS = ["net", "read", "write", "env", "run", "sys", "ffi"] as const;
/** Metadata holds import maps and package.json files, of few kilobytes each. */
const MAX_METADATA_BYTES = 4 * 1024 * 1024;
/** The largest table of files that is held: room for about 100,000 files. */
const MAX_TREE_BYTES = 16 * 1024 * 1024;
const MAX_SPECIFIER_BYTES = 64 * 1024;
/** Most characters of specifiers, and most of them, that are held. */
const MAX_SPECIFIERS_CHARACTERS = 16 * 1024 * 1024;
const MAX_SPECIFIERS = 500_000;
/** A package.json beyond this is no ordinary one. */
const MAX_MANIFEST_BYTES = 256 * 1024;
/** Flags of a remote module that say which data follows its source. */
const REMOTE_PARTS = [1, 2, 4];

/** What is known of a payload; grows while it streams by. */
export class Payload {
  /** Bytes that it claims to have; `Infinity` if it goes on to the file's end. */
  bytes = Infinity;
  /** Whether it began as one. */
  recognised = false;
  readonly contents: ProgramContents = { modules: [], npm: [], assets: [] };
  /** What the program may do; absent if its metadata does not say. */
  permissions?: Permissions;

  /** @param start Offset of its first byte in the file. */
  constructor(public start: number, readonly options: ProgramOptions) {}
}

/** Parses a payload into `payload`, up to where it stops making sense. */
export function* parsePayload(payload: Payload): Parser {
  if (!isMagic(yield { take: MAGIC.length })) return;
  payload.recognised = true;
  const { contents, options } = payload;
  const detailed = options.detailed ?? false;

  const metadataBytes = yield* u64();
  if (metadataBytes > MAX_METADATA_BYTES) yield { skip: metadataBytes };
  else {
    const metadata = parseJson(yield { take: metadataBytes });
    payload.permissions = compiledPermissions(metadata);
    const kind = options.secretCheck?.(".env")?.(envFileOf(metadata));
    if (kind) contents.secrets = [{ path: "--env-file", kind }];
  }
  const tableBytes = yield* u64();
  let resolution;
  if (detailed && tableBytes <= MAX_RESOLUTION_BYTES) {
    resolution = parseResolution(yield { take: tableBytes });
  } else yield { skip: tableBytes };

  const specifiers = yield* parseSpecifiers();
  if (!specifiers) return;
  yield { skip: 8 * (yield* u32()) }; // redirects

  let modules = yield* u32();
  if (modules > MAX_SPECIFIERS) return;
  for (; modules > 0; modules--) {
    const specifier = specifiers.get(yield* u32());
    yield { skip: 1 }; // media type
    const found = yield* parseRemoteModule(detailed);
    if (specifier === undefined) return;
    contents.modules.push({ specifier, ...found });
  }

  const treeBytes = yield* u64();
  if (treeBytes > MAX_TREE_BYTES) return;
  const tree = parseJson(yield { take: treeBytes });
  if (tree === undefined) return;
  const dataBytes = yield* u64();
  const files = listFiles(tree, dataBytes, options);
  yield* readParts(files.reads);
  summarise(files, contents);
  if (resolution) resolve(contents, resolution);
}

type Parsing<T> = Generator<Ask, T, Uint8Array>;

function* u32(): Parsing<number> {
  return viewOf(yield { take: 4 }).getUint32(0, true);
}

function* u64(): Parsing<number> {
  return Number(viewOf(yield { take: 8 }).getBigUint64(0, true));
}

function* parseSpecifiers(): Parsing<Map<number, string> | undefined> {
  const specifiers = new Map<number, string>();
  const count = yield* u32();
  if (count > MAX_SPECIFIERS) return undefined;
  let characters = 0;
  for (let i = 0; i < count; i++) {
    const length = yield* u32();
    characters += length;
    if (length > MAX_SPECIFIER_BYTES) return undefined;
    if (characters > MAX_SPECIFIERS_CHARACTERS) return undefined;
    const text = toText(yield { take: length });
    specifiers.set(yield* u32(), text);
  }
  return specifiers;
}

/** Counts its source, compiled form, source map and analysis. */
function* parseRemoteModule(
  detailed: boolean,
): Parsing<{ bytes: number; sha256?: string }> {
  let bytes = yield* u32();
  let sha256: string | undefined;
  if (detailed) sha256 = (yield { hash: bytes }).toHex();
  else yield { skip: bytes };
  const flags = (yield { take: 1 })[0];
  for (const flag of REMOTE_PARTS) {
    if ((flags & flag) === 0) continue;
    const length = yield* u32();
    yield { skip: length };
    bytes += length;
  }
  return { bytes, ...sha256 && { sha256 } };
}

/** In the order they lie there; of parts that overlap, but for equal ones, the first. */
function* readParts(reads: Read[]): Parsing<void> {
  reads.sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  let at = 0;
  for (let i = 0, next = 0; i < reads.length; i = next) {
    const { offset, bytes } = reads[i];
    while (
      reads[next]?.offset === offset && reads[next].bytes === bytes
    ) next++;
    if (offset < at) continue;
    const same = reads.slice(i, next);
    const hashed = same.flatMap(({ hashed }) => hashed ?? []);
    const taken = bytes > MAX_MANIFEST_BYTES
      ? []
      : same.flatMap(({ taken }) => taken ?? []);
    if (hashed.length + taken.length === 0) continue;
    yield { skip: offset - at };
    at = offset + bytes;
    if (taken.length === 0) {
      const sha256 = (yield { hash: bytes }).toHex();
      hashed.forEach((give) => give(sha256));
      continue;
    }
    const content = yield { take: bytes };
    taken.forEach((give) => give(content));
    if (hashed.length === 0) continue;
    const sha256 = hash("sha256", content);
    hashed.forEach((give) => give(sha256));
  }
}

function toText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function isMagic(bytes: Uint8Array): boolean {
  return toText(bytes) === MAGIC;
}

/** Goes through the notes of a segment, and through the payload if one holds it. */
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
      if (isMagic(yield { take: length })) {
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

/** Bytes from the start of a payload to the file's end, as its last 24 bytes state it. */
export function trailerLength(tail: Uint8Array): number | undefined {
  if (tail.length !== 24) return undefined;
  // The length had 32 bits up to Deno 2.1, 64 bits since.
  for (const at of [0, 4]) {
    if (!isMagic(tail.subarray(at, at + 8))) continue;
    const view = viewOf(tail);
    if (view.getUint32(at + 8, true) !== TRAILER) continue;
    if (view.getUint32(at + 12, true) !== NAME) continue;
    return at === 0
      ? Number(view.getBigUint64(16, true))
      : view.getUint32(20, true);
  }
  return undefined;
}

/** The variables of `deno compile --env-file`, as such a file has them. */
function envFileOf(metadata: unknown): Uint8Array {
  const variables = property(metadata, "env_vars_from_env_file");
  const lines = variables instanceof Object ? Object.entries(variables) : [];
  return new TextEncoder().encode(
    lines.map(([name, value]) => `${name}=${value}\n`).join(""),
  );
}

/** `undefined` if the metadata does not say. */
export function compiledPermissions(
  metadata: unknown,
): Permissions | undefined {
  const options = property(metadata, "permissions");
  // Without this list it is no version of the format that is known.
  if (property(options, "allow_net") === undefined) return undefined;
  const permissions: Permissions = { source: "binary" };
  for (const kind of KINDS) {
    const granted = property(options, `allow_${kind}`);
    // Deno up to 2.1 has one word for all.
    if (property(options, "allow_all") === true) permissions[kind] = "all";
    else if (granted !== null && granted !== undefined) {
      permissions[kind] = listOf(granted);
    }
  }
  return permissions;
}

/** A list that names nothing, or that makes no sense, may allow everything. */
function listOf(granted: unknown): "all" | string[] {
  if (!Array.isArray(granted) || granted.length === 0) return "all";
  return granted.every((item) => typeof item === "string") ? granted : "all";
}
