/** What an ELF file needs to run; a broken one gives fewer facts, never an error. @module */
import type { KeptRanges } from "./byte_stream.ts";

export interface ElfNeeds {
  /** As image configurations name it: `amd64`, `arm64`; `em-<number>` if it has no name here. */
  machine: string;
  /** Absent for libraries and static programs. */
  interpreter?: string;
  /** Libraries, in order. */
  needed: string[];
  /** Folders in which the loader looks first; may hold `$ORIGIN`. */
  runpath: string[];
  /** The name by which others need it. */
  soname?: string;
}

export interface ElfHeader {
  wide: boolean;
  littleEndian: boolean;
  machine: string;
  /** Offset of the program headers, bytes of each, and how many. */
  segments: { offset: number; entryBytes: number; count: number };
  /** Address of the first instruction. */
  entry: number;
  /** Offset after the section headers: where appended data starts; 0 without any. */
  sectionsEnd: number;
}

export interface ElfSegment {
  type: number;
  /** 1: executable, 2: writable, 4: readable. */
  flags: number;
  offset: number;
  address: number;
  bytes: number;
  /** Bytes in memory: those of the file, and zeros. */
  memory: number;
  align: number;
}

/** Bytes of the header of a 64-bit file, the larger of the two. */
export const ELF_HEADER_BYTES = 64;

export const SEGMENT = { load: 1, dynamic: 2, interpreter: 3, note: 4 };

/** No linker writes more program headers than this, a hostile file may. */
const MAX_SEGMENTS = 512;

const MACHINES: Record<number, string> = {
  3: "386",
  8: "mips",
  20: "ppc",
  21: "ppc64le",
  22: "s390x",
  40: "arm",
  62: "amd64",
  183: "arm64",
  243: "riscv64",
  258: "loong64",
};

export function isElf(head: Uint8Array): boolean {
  return head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c &&
    head[3] === 0x46;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Reads numbers as a file has them: in its byte order, words of 8 bytes or of 4. */
function numbersIn(
  bytes: Uint8Array,
  { wide, littleEndian }: Pick<ElfHeader, "wide" | "littleEndian">,
) {
  const view = viewOf(bytes);
  const u32 = (at: number) => view.getUint32(at, littleEndian);
  return {
    u16: (at: number) => view.getUint16(at, littleEndian),
    u32,
    // Not exact beyond 2^53, which is too large for every file all the same.
    word: (at: number) =>
      wide ? Number(view.getBigUint64(at, littleEndian)) : u32(at),
  };
}

/** Parses the first 64 bytes of a file; nothing if it is no ELF file or is cut short. */
export function parseElfHeader(head: Uint8Array): ElfHeader | undefined {
  if (!isElf(head) || head.length < 52) return undefined;
  const wide = head[4] === 2;
  if (!wide && head[4] !== 1) return undefined;
  if (wide && head.length < ELF_HEADER_BYTES) return undefined;
  const littleEndian = head[5] !== 2;
  const { u16, word } = numbersIn(head, { wide, littleEndian });
  const machine = u16(18);
  const counts = wide ? 54 : 42;
  const sections = word(wide ? 40 : 32);
  const sectionBytes = u16(counts + 4) * u16(counts + 6);
  return {
    wide,
    littleEndian,
    machine: MACHINES[machine] ?? `em-${machine}`,
    segments: {
      offset: word(wide ? 32 : 28),
      entryBytes: u16(counts),
      count: Math.min(u16(counts + 2), MAX_SEGMENTS),
    },
    entry: word(24),
    sectionsEnd: sections > 0 && sectionBytes > 0 ? sections + sectionBytes : 0,
  };
}

/** Parses a table of program headers; a cut table gives fewer. */
export function parseElfSegments(
  table: Uint8Array,
  header: ElfHeader,
): ElfSegment[] {
  const { wide } = header;
  const { entryBytes, count } = header.segments;
  if (entryBytes < (wide ? 56 : 32)) return [];
  const numbers = numbersIn(table, header);
  const segments: ElfSegment[] = [];
  for (let i = 0; i < count && (i + 1) * entryBytes <= table.length; i++) {
    const at = i * entryBytes;
    const word = (index: number) => numbers.word(at + (wide ? 8 : 4) * index);
    segments.push({
      type: numbers.u32(at),
      flags: numbers.u32(at + (wide ? 4 : 24)),
      offset: word(1),
      address: word(2),
      bytes: word(4),
      memory: word(5),
      align: word(wide ? 6 : 7),
    });
  }
  return segments;
}

/** Bytes of a dynamic table that are looked at; real ones have under 1 KiB. */
export const MAX_DYNAMIC_BYTES = 64 * 1024;
/** The longest path that Linux takes, and so the longest string that is read. */
export const MAX_STRING_BYTES = 4096;

const TAG = {
  end: 0,
  needed: 1,
  strings: 5,
  stringsBytes: 10,
  soname: 14,
  rpath: 15,
  runpath: 29,
};

/** Reads what a file asks of the loader from what was kept of it. */
export function elfDynamic(
  header: ElfHeader,
  segments: readonly ElfSegment[],
  ranges: KeptRanges,
): ElfNeeds {
  const facts: ElfNeeds = { machine: header.machine, needed: [], runpath: [] };
  const loader = segments.find(({ type }) => type === SEGMENT.interpreter);
  if (loader) {
    const path = readString(ranges, loader.offset, loader.bytes);
    if (path) facts.interpreter = path;
  }
  const dynamic = segments.find(({ type }) => type === SEGMENT.dynamic);
  if (!dynamic) return facts;

  const table = ranges.read(
    dynamic.offset,
    Math.min(dynamic.bytes, MAX_DYNAMIC_BYTES),
  );
  const { word } = numbersIn(table, header);
  const bytes = header.wide ? 8 : 4;
  const tags: [tag: number, value: number][] = [];
  for (let at = 0; at + 2 * bytes <= table.length; at += 2 * bytes) {
    if (word(at) === TAG.end) break;
    tags.push([word(at), word(at + bytes)]);
  }
  const first = (tag: number) => tags.find(([other]) => other === tag)?.[1];
  const strings = fileOffset(segments, first(TAG.strings) ?? NaN);
  const stringsBytes = first(TAG.stringsBytes) ?? Infinity;
  const read = (offset: number | undefined) =>
    strings === undefined || offset === undefined
      ? undefined
      : readString(ranges, strings + offset, stringsBytes - offset);

  facts.needed = tags.flatMap(([tag, value]) =>
    tag === TAG.needed && read(value) || []
  );
  const soname = read(first(TAG.soname));
  if (soname) facts.soname = soname;
  // The loader ignores DT_RPATH where DT_RUNPATH is present.
  const folders = read(first(TAG.runpath) ?? first(TAG.rpath));
  facts.runpath = (folders ?? "").split(":").filter((folder) => folder !== "");
  return facts;
}

/** Where in the file the bytes lie that are mapped at an address. */
function fileOffset(
  segments: readonly ElfSegment[],
  address: number,
): number | undefined {
  const load = segments.find((segment) =>
    segment.type === SEGMENT.load && address >= segment.address &&
    address - segment.address < segment.bytes
  );
  return load && load.offset + (address - load.address);
}

function readString(
  ranges: KeptRanges,
  start: number,
  limit: number,
): string | undefined {
  const bytes = ranges.read(start, Math.min(limit, MAX_STRING_BYTES));
  const end = bytes.indexOf(0);
  return end < 0 ? undefined : new TextDecoder().decode(bytes.subarray(0, end));
}
