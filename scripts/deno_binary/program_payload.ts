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
  MAX_RESOLUTION_BYTES,
  type NpmContents,
  npmPackageOf,
  parseJson,
  parseResolution,
  ProgramPackage,
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

/** Bytes and SHA-256 (hex) are of files as stored; what is optional, only for a bill. */
export interface ProgramContents {
  modules: { specifier: string; bytes: number; sha256?: string }[];
  npm: NpmContents[];
  assets: { path: string; bytes: number; sha256?: string }[];
  /** Embedded files that a check has found to be secrets, and of which kind. */
  secrets?: { path: string; kind: string }[];
  /** What the program itself asks for, as `name@version`. */
  npmRoots?: string[];
}

export interface ProgramOptions {
  /** Whether hashes and licences are wanted; secrets are not looked for then. */
  detailed?: boolean;
  /** By the path of an embedded file, what tells from its start whether it is a secret. */
  secretCheck?: (
    path: string,
  ) => ((head: Uint8Array) => string | undefined) | undefined;
}

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
  const parts = Map.groupBy(reads, ({ offset, bytes }) => `${offset} ${bytes}`);
  const sorted = [...parts.values()]
    .sort(([a], [b]) => a.offset - b.offset || a.bytes - b.bytes);
  let at = 0;
  for (const same of sorted) {
    const [{ offset, bytes }] = same;
    const hashed = same.flatMap(({ hashed }) => hashed ?? []);
    const taken = bytes > MAX_MANIFEST_BYTES
      ? []
      : same.flatMap(({ taken }) => taken ?? []);
    if (offset < at || hashed.length + taken.length === 0) continue;
    yield { skip: offset - at };
    at = offset + bytes;
    let sha256: string;
    if (taken.length === 0) sha256 = (yield { hash: bytes }).toHex();
    else {
      const content = yield { take: bytes };
      taken.forEach((give) => give(content));
      sha256 = hash("sha256", content);
    }
    hashed.forEach((give) => give(sha256));
  }
}

function toText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function isMagic(bytes: Uint8Array): boolean {
  return toText(bytes) === MAGIC;
}

/** A part of the file data that is worth reading, and what takes its hash or content. */
interface Read {
  /** Offset in the file data. */
  offset: number;
  bytes: number;
  hashed?: (sha256: string) => void;
  taken?: (content: Uint8Array) => void;
}

/** Deeper folders are left out: no program has them, a hostile file may. */
const MAX_DEPTH = 128;
/** As much of an embedded file is checked. */
const MAX_CHECKED_BYTES = 64 * 1024;
/** What Deno loads as a module by its name; the payload does not say which it does. */
const MODULE = /\.(?:[mc]?[jt]s|[jt]sx|json|wasm)$/i;

/** Sorts the files of a tree, of any shape, that points into so many bytes of data. */
export function listFiles(
  tree: unknown,
  dataBytes: number,
  { detailed, secretCheck }: ProgramOptions,
) {
  const modules: ProgramContents["modules"] = [];
  const assets: ProgramContents["assets"] = [];
  const secrets: { path: string; kind: string }[] = [];
  const packages = new Map<string, ProgramPackage>();
  const reads: Read[] = [];
  const counted = new Set<number>();
  let left = dataBytes;
  for (const { path, ranges, source, compiled } of walk(tree)) {
    let bytes = 0;
    for (const [offset, length] of ranges) {
      if (length === 0 || offset + length > dataBytes) continue;
      if (length > left || counted.has(offset)) continue;
      counted.add(offset);
      bytes += length;
      left -= length;
    }
    // Where its own text is; only what lies in the data can be read.
    const [offset, length] = source ?? [0, Infinity];
    const read = (how: Omit<Read, "offset" | "bytes">, most = length) => {
      if (offset + length > dataBytes) return;
      reads.push({ offset, bytes: Math.min(length, most), ...how });
    };
    const owner = npmPackageOf(path);
    if (owner) {
      const { name, version = "", file } = owner;
      // Without a version in its path, each folder is a package of its own.
      const key = version ? `${name}@${version}` : owner.folder;
      const known = packages.get(key) ?? new ProgramPackage(name, version);
      packages.set(key, known);
      known.bytes += bytes;
      if (detailed) known.files++;
      const isManifest = file === "package.json" && (detailed || !version);
      if (!detailed && !isManifest) continue;
      read({
        ...detailed && { hashed: (hash) => known.hashes.set(file, hash) },
        ...isManifest && { taken: (content) => known.takeManifest(content) },
      });
      continue;
    }
    const item: { bytes: number; sha256?: string } = { bytes };
    const isOwn = !/(?:^|\/)node_modules\//.test(path);
    if (isOwn && (compiled || MODULE.test(path))) {
      modules.push(Object.assign(item, { specifier: path }));
    } else if (bytes > 0) assets.push(Object.assign(item, { path }));
    if (detailed) read({ hashed: (sha256) => item.sha256 = sha256 });
    const check = detailed ? undefined : secretCheck?.(path);
    if (!check) continue;
    read({
      taken: (head) => {
        const kind = check(head);
        if (kind) secrets.push({ path, kind });
      },
    }, MAX_CHECKED_BYTES);
  }
  return { modules, assets, secrets, packages, reads };
}

/** Adds sorted files, versions from manifests filled in, to the contents, the largest first. */
export function summarise(
  { modules, assets, secrets, packages }: ReturnType<typeof listFiles>,
  contents: ProgramContents,
): void {
  const npm = new Map<string, NpmContents>();
  for (const found of packages.values()) {
    const key = `${found.name}@${found.version}`;
    const known = npm.get(key);
    if (known) known.bytes += found.bytes;
    else npm.set(key, found.summary());
  }
  const bySize = (a: { bytes: number }, b: { bytes: number }) =>
    b.bytes - a.bytes;
  contents.modules = [...contents.modules, ...modules].sort(bySize);
  contents.npm = [...npm.values()].sort(bySize);
  contents.assets = assets.sort(bySize);
  const all = [...contents.secrets ?? [], ...secrets];
  if (all.length > 0) contents.secrets = all;
}

interface File {
  path: string;
  /** Offset and length of each stored form: source, compiled, source map, analysis. */
  ranges: [number, number][];
  source?: [number, number];
  compiled: boolean;
}

function* walk(entries: unknown, path: string[] = []): Generator<File> {
  if (!Array.isArray(entries) || path.length >= MAX_DEPTH) return;
  for (const entry of entries) {
    const [folder, file] = ["Dir", "File"].map((key) => property(entry, key));
    const [folderName, name] = [folder, file].map((one) => property(one, "n"));
    if (typeof folderName === "string") {
      yield* walk(property(folder, "e"), [...path, folderName]);
    }
    if (typeof name !== "string") continue;
    const ranges = ["o", "m", "s", "c"].map((key) =>
      range(property(file, key))
    );
    yield {
      path: [...path, name].join("/"),
      ranges: ranges.filter((found) => found !== undefined),
      source: ranges[0],
      compiled: ranges[1] !== undefined || ranges[2] !== undefined,
    };
  }
}

function range(value: unknown): [number, number] | undefined {
  if (!Array.isArray(value)) return undefined;
  const [offset, length] = value;
  return Number.isSafeInteger(offset) && Number.isSafeInteger(length) &&
      offset >= 0 && length >= 0
    ? [offset, length]
    : undefined;
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
