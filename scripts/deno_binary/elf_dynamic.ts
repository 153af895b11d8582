/**
 * What an ELF file tells the loader: which libraries to load and where to look.
 * The table lies late in the file and its strings early, so both are read from
 * ranges that were kept while the file streamed by.
 *
 * @module
 */
import {
  type ElfFacts,
  type ElfHeader,
  type ElfSegment,
  readU64,
  SEGMENT,
  viewOf,
} from "./elf.ts";
import type { ElfRanges } from "./elf_ranges.ts";

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

/**
 * Reads what a file asks of the loader.
 *
 * @param header The file's header.
 * @param segments Its program headers.
 * @param ranges What was kept of the file.
 * @returns The facts but for `program`; what cannot be read is left out.
 */
export function elfDynamic(
  header: ElfHeader,
  segments: readonly ElfSegment[],
  ranges: ElfRanges,
): ElfFacts {
  const facts: ElfFacts = { machine: header.machine, needed: [], runpath: [] };
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
  const tags = parseTable(table, header);
  const first = (tag: number) => tags.find(([other]) => other === tag)?.[1];
  const strings = fileOffset(segments, first(TAG.strings) ?? NaN);
  const stringsBytes = first(TAG.stringsBytes) ?? Infinity;
  const read = (offset: number | undefined) =>
    strings === undefined || offset === undefined
      ? undefined
      : readString(ranges, strings + offset, stringsBytes - offset);

  for (const [tag, value] of tags) {
    const name = tag === TAG.needed ? read(value) : undefined;
    if (name) facts.needed.push(name);
  }
  const soname = read(first(TAG.soname));
  if (soname) facts.soname = soname;
  // The loader ignores DT_RPATH where DT_RUNPATH is present.
  const folders = read(first(TAG.runpath) ?? first(TAG.rpath));
  facts.runpath = (folders ?? "").split(":").filter((folder) => folder !== "");
  return facts;
}

function parseTable(table: Uint8Array, header: ElfHeader): [number, number][] {
  const { wide, littleEndian } = header;
  const view = viewOf(table);
  const entryBytes = wide ? 16 : 8;
  const tags: [number, number][] = [];
  for (let at = 0; at + entryBytes <= table.length; at += entryBytes) {
    const [tag, value] = wide
      ? [readU64(view, at, littleEndian), readU64(view, at + 8, littleEndian)]
      : [
        view.getUint32(at, littleEndian),
        view.getUint32(at + 4, littleEndian),
      ];
    if (tag === TAG.end) break;
    tags.push([tag, value]);
  }
  return tags;
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
  ranges: ElfRanges,
  start: number,
  limit: number,
): string | undefined {
  const bytes = ranges.read(start, Math.min(limit, MAX_STRING_BYTES));
  const end = bytes.indexOf(0);
  return end < 0 ? undefined : new TextDecoder().decode(bytes.subarray(0, end));
}
