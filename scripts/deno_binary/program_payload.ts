/**
 * Reads what `deno compile` adds to the runtime: the modules, the packages and
 * the file system of the program. Only the tables are held; code and data are
 * passed over.
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
import { readU64, viewOf } from "./elf.ts";
import type { Permissions } from "./program_schema.ts";
import {
  emptyContents,
  listFiles,
  type ProgramContents,
  type Read,
  summarise,
} from "./program_files.ts";
import { compiledPermissions } from "./compiled_permissions.ts";
import type { Ask, Parser } from "./program_reader.ts";
import {
  MAX_RESOLUTION_BYTES,
  parseResolution,
  resolved,
} from "./program_resolution.ts";

/** How a payload starts and ends. */
export const PROGRAM_MAGIC = "d3n0l4nd";

/** Metadata holds import maps and package.json files, of few kilobytes each. */
const MAX_METADATA_BYTES = 4 * 1024 * 1024;
/** The largest table of files that is held: room for about 100,000 files. */
const MAX_TREE_BYTES = 16 * 1024 * 1024;
/** The longest specifier that is held. */
const MAX_SPECIFIER_BYTES = 64 * 1024;
/** Most characters of specifiers, and most of them, that are held. */
const MAX_SPECIFIERS_CHARACTERS = 16 * 1024 * 1024;
const MAX_SPECIFIERS = 500_000;
/** A package.json beyond this is no ordinary one. */
const MAX_MANIFEST_BYTES = 256 * 1024;
/** Flags of a remote module that say which data follows its source. */
const REMOTE_PARTS = [1, 2, 4];

/** What was read of a payload; grows while the payload streams by. */
export interface Payload {
  /** Offset of its first byte in the file. */
  start: number;
  /** Bytes that it claims to have; `Infinity` if it goes on to the file's end. */
  bytes: number;
  /** Whether it began as one. */
  recognised: boolean;
  /** Whether it was read to its end, so that nothing is missing. */
  complete: boolean;
  contents: ProgramContents;
  /** What the program may do; absent if its metadata does not say. */
  permissions?: Permissions;
  /** Whether hashes, licences and dependencies are wanted. */
  readonly detailed: boolean;
}

/** A payload of which nothing was read yet. */
export function emptyPayload(start: number, detailed: boolean): Payload {
  return {
    start,
    detailed,
    bytes: Infinity,
    recognised: false,
    complete: false,
    contents: emptyContents(),
  };
}

/**
 * Parses a payload. Stops where it stops making sense, and leaves what it read
 * until then in `payload`.
 *
 * @param payload Receives what is found.
 */
export function* parsePayload(payload: Payload): Parser {
  if (!isMagic(yield { take: PROGRAM_MAGIC.length })) return;
  payload.recognised = true;
  const { contents, detailed } = payload;

  const metadataBytes = toU64(yield { take: 8 });
  if (metadataBytes > MAX_METADATA_BYTES) yield { skip: metadataBytes };
  else {
    const metadata = parseJson(yield { take: metadataBytes });
    payload.permissions = compiledPermissions(metadata);
  }
  const tableBytes = toU64(yield { take: 8 });
  let resolution;
  if (detailed && tableBytes <= MAX_RESOLUTION_BYTES) {
    resolution = parseResolution(yield { take: tableBytes });
  } else yield { skip: tableBytes };

  const specifiers = yield* parseSpecifiers();
  if (!specifiers) return;
  yield { skip: 8 * toU32(yield { take: 4 }) }; // redirects

  let modules = toU32(yield { take: 4 });
  if (modules > MAX_SPECIFIERS) return;
  for (; modules > 0; modules--) {
    const specifier = specifiers.get(toU32(yield { take: 4 }));
    yield { skip: 1 }; // media type
    const found = yield* parseRemoteModule(detailed);
    if (specifier === undefined) return;
    contents.modules.push({ specifier, ...found });
  }

  const treeBytes = toU64(yield { take: 8 });
  if (treeBytes > MAX_TREE_BYTES) return;
  const tree = parseJson(yield { take: treeBytes });
  if (tree === undefined) return;
  const dataBytes = toU64(yield { take: 8 });
  const files = listFiles(tree, dataBytes, detailed);
  const at = yield* readParts(files.reads);
  summarise(files, contents);
  if (resolution) resolved(resolution, contents);
  yield { skip: dataBytes - at };
  payload.complete = isMagic(yield { take: PROGRAM_MAGIC.length });
}

function* parseSpecifiers(): Generator<
  { take: number },
  Map<number, string> | undefined,
  Uint8Array
> {
  const specifiers = new Map<number, string>();
  const count = toU32(yield { take: 4 });
  if (count > MAX_SPECIFIERS) return undefined;
  let characters = 0;
  for (let i = 0; i < count; i++) {
    const length = toU32(yield { take: 4 });
    characters += length;
    if (length > MAX_SPECIFIER_BYTES) return undefined;
    if (characters > MAX_SPECIFIERS_CHARACTERS) return undefined;
    const text = new TextDecoder().decode(yield { take: length });
    specifiers.set(toU32(yield { take: 4 }), text);
  }
  return specifiers;
}

/** @returns Bytes of its source, compiled form, source map and analysis. */
function* parseRemoteModule(
  detailed: boolean,
): Generator<Ask, { bytes: number; sha256?: string }, Uint8Array> {
  let bytes = toU32(yield { take: 4 });
  let sha256: string | undefined;
  if (detailed) sha256 = (yield { hash: bytes }).toHex();
  else yield { skip: bytes };
  const flags = (yield { take: 1 })[0];
  for (const flag of REMOTE_PARTS) {
    if ((flags & flag) === 0) continue;
    const length = toU32(yield { take: 4 });
    yield { skip: length };
    bytes += length;
  }
  return { bytes, ...sha256 && { sha256 } };
}

/**
 * Reads parts of the file data in the order they lie there; of parts that
 * overlap without being the same, the first.
 *
 * @returns How far into the data it read.
 */
function* readParts(reads: Read[]): Generator<Ask, number, Uint8Array> {
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
    } else {
      const content = yield { take: bytes };
      taken.forEach((give) => give(content));
      if (hashed.length === 0) continue;
      const sha256 = hash("sha256", content);
      hashed.forEach((give) => give(sha256));
    }
  }
  return at;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined; // Broken, and so a fact less.
  }
}

function isMagic(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes) === PROGRAM_MAGIC;
}

function toU32(bytes: Uint8Array): number {
  return viewOf(bytes).getUint32(0, true);
}

function toU64(bytes: Uint8Array): number {
  return readU64(viewOf(bytes), 0, true);
}
