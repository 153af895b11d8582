/** What an executable needs to run and holds, read while it streams by. @module */
import { Buffer } from "node:buffer";
import { createHash, type Hash } from "node:crypto";
import type { Entry, Sink } from "../image/model.ts";
import { KeptRanges, type Parser, StreamParser } from "./byte_stream.ts";
import {
  ELF_HEADER_BYTES,
  elfDynamic,
  type ElfHeader,
  type ElfNeeds,
  type ElfSegment,
  MAX_DYNAMIC_BYTES,
  MAX_STRING_BYTES,
  parseElfHeader,
  parseElfSegments,
  SEGMENT,
} from "./elf.ts";
import {
  parseNotes,
  parsePayload,
  Payload,
  type ProgramContents,
  type ProgramOptions,
  trailerLength,
} from "./program_payload.ts";
import type { Permissions, Program } from "./program_schema.ts";

export interface ElfFacts extends ElfNeeds {
  /** If `deno compile` made it. */
  program?: CompiledProgram;
  runtime?: ProgramVersions;
  /** Why it does not start by itself; `denort` alone has no payload. */
  broken?: "truncated" | "no payload" | "overlapping";
  /** In hex; only where details are wanted. */
  md5?: string;
}

export type CompiledProgram =
  & Omit<Program, "path" | keyof ProgramContents>
  & ProgramContents
  & {
    permissions?: Permissions;
    /** SHA-256 in hex of a runtime that is as it was published. */
    runtimeSha256?: string;
  };

/** The start of every file is kept: strings lie here, before what names them. */
const HEAD_BYTES = 4 * 1024 * 1024;
/** The end of every file is kept: tools that edit a file append to it. */
const TAIL_BYTES = 256 * 1024;
/** Segments up to this size are kept: they are what such tools add. */
const SMALL_SEGMENT_BYTES = 512 * 1024;
/** Notes in more segments than this are no linker's work. */
const MAX_NOTE_SEGMENTS = 8;
/** Notes of a compiler are smaller than this, a payload is larger. */
const MAX_PLAIN_NOTE_BYTES = 1024;
/** No runtime is smaller than this. */
const MIN_RUNTIME_BYTES = 16 * 1024 * 1024;

const READ = 4;
const EXECUTE = 1;
/** A runtime has more text than this, in one segment. */
const MIN_TEXT_BYTES = 1024 * 1024;

/** A launcher has far fewer; its instructions are the last of them. */
const MAX_LAUNCHER_BYTES = 64 * 1024;
/** What every launcher of split.ts has among its texts: how it preloads itself. */
const LAUNCHER = "LD_PRELOAD=/proc/self/exe\0";
/** The smallest pages of any machine that Deno runs on. */
const PAGE_BYTES = 4096;

/** Looks into one file: its `end` gives {@linkcode ElfFacts}, or nothing if it is no ELF. */
export function programSink(
  entry: Readonly<Entry>,
  options: ProgramOptions = {},
): Sink {
  return new ProgramSink(entry.size, options);
}

class ProgramSink implements Sink {
  readonly #ranges = new KeptRanges();
  readonly #versions = new VersionSearch();
  /** What to do once so much of the file has come, in order. */
  #steps = [{ at: ELF_HEADER_BYTES, run: () => this.#readHeader() }];
  #header?: ElfHeader;
  #segments?: ElfSegment[];
  #candidates: { payload: Payload; reader: StreamParser }[] = [];
  /** The segment that holds no text. */
  #code?: ElfSegment;
  /** Offset up to which versions are searched; 0 while nothing hints at a program. */
  #runtimeEnd = 0;
  #plain = false;
  // Only where details are wanted.
  #runtimeHash?: Hash;
  /** Of the whole file, as packages list it. */
  #md5?: Hash;

  constructor(
    private readonly size: number,
    private readonly options: ProgramOptions,
  ) {
    if (options.detailed) {
      this.#runtimeHash = createHash("sha256");
      this.#md5 = createHash("md5");
    }
    this.#ranges.keep(0, Math.min(HEAD_BYTES, size));
    this.#ranges.keep(Math.max(HEAD_BYTES, size - TAIL_BYTES), size);
  }

  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.#plain;) {
      // Cut where a step is due, so that chunks make no difference to the result.
      const position = this.#ranges.position;
      const due = this.#steps[0]?.at ?? Infinity;
      const piece = chunk.subarray(at, at + due - position);
      at += piece.length;
      this.#ranges.push(piece);
      this.#md5?.update(piece);
      if (position < (this.#runtimeEnd || ELF_HEADER_BYTES)) {
        this.#runtimeHash?.update(
          piece.subarray(0, (this.#runtimeEnd || Infinity) - position),
        );
      }
      if (position < this.#runtimeEnd) {
        this.#search(position, piece.subarray(0, this.#runtimeEnd - position));
      }
      for (const { reader } of this.#candidates) {
        if (!reader.done) reader.push(position, piece);
      }
      if (this.#ranges.position === due) this.#steps.shift()?.run();
    }
  }

  /** Texts lie in segments that are not executed, if linkers part them. */
  #search(position: number, piece: Uint8Array): void {
    const { offset = Infinity, bytes = 0 } = this.#code ?? {};
    const start = offset - position;
    const end = start + bytes;
    if (start > 0) this.#versions.push(piece.subarray(0, start));
    if (start < piece.length && end > 0) this.#versions.skip();
    if (end < piece.length) {
      this.#versions.push(piece.subarray(Math.max(end, 0)));
    }
  }

  end(): ElfFacts | undefined {
    try {
      return this.#facts();
    } finally {
      this.#ranges.release();
    }
  }

  #facts(): ElfFacts | undefined {
    if (this.#plain) return undefined;
    // A file may end before the tables it tells of.
    const header = this.#header ??= parseElfHeader(
      this.#ranges.read(0, ELF_HEADER_BYTES),
    );
    if (!header) return undefined;
    const { offset, entryBytes, count } = header.segments;
    const segments = this.#segments ?? this.#tableAt(header, offset);
    const facts = elfDynamic(header, segments, this.#ranges);
    const payload = this.#payload();
    const { found, standalone } = this.#versions;
    const runtime = payload ? undefined : found.deno && found;
    const end = Math.max(loadedEnd(segments), offset + entryBytes * count);
    // What is appended is found by the trailer at the very end.
    const cut = payload?.bytes === Infinity && !this.#trailer();
    const broken = end > this.size || cut
      ? "truncated" as const
      : runtime && standalone
      ? "no payload" as const
      : payload && overlap(segments)
      ? "overlapping" as const
      : undefined;
    const md5 = this.#md5?.digest("hex");
    return {
      ...facts,
      ...md5 && { md5 },
      ...payload && { program: this.#program(payload, segments) },
      ...runtime && { runtime },
      ...broken && { broken },
    };
  }

  #readHeader(): void {
    const header = parseElfHeader(this.#ranges.read(0, ELF_HEADER_BYTES));
    this.#header = header;
    this.#plain = header === undefined;
    if (!header) return;
    const { segments, sectionsEnd, wide } = header;
    const early = wide ? 64 : 52;
    if (sectionsEnd >= ELF_HEADER_BYTES && sectionsEnd < this.size) {
      this.#follow(sectionsEnd, parsePayload);
      this.#runtimeEnd = sectionsEnd;
    } else if (segments.offset > early) this.#runtimeEnd = segments.offset;
    else if (this.size >= MIN_RUNTIME_BYTES) this.#runtimeEnd = this.size;

    const tableBytes = segments.entryBytes * segments.count;
    const end = segments.offset + tableBytes;
    this.#ranges.keep(segments.offset, end);
    // Deno 2.9 writes a new table at the end and leaves the one it replaces,
    // which tells in time what has to be kept.
    const readEarly = () => this.#keepParts(this.#tableAt(header, early));
    this.#steps = [
      { at: end, run: () => this.#readSegments(header) },
      { at: early + tableBytes, run: readEarly },
    ]
      .filter(({ at }, i) => at > ELF_HEADER_BYTES && (i === 0 || at < end))
      .sort((a, b) => a.at - b.at);
  }

  #readSegments(header: ElfHeader): void {
    const segments = this.#tableAt(header, header.segments.offset);
    this.#segments = segments;
    this.#keepParts(segments);
    const notes = segments.filter(({ type, offset }) =>
      type === SEGMENT.note && offset >= this.#ranges.position
    ).slice(0, MAX_NOTE_SEGMENTS);
    const end = loadedEnd(segments);
    if (header.sectionsEnd === 0 && end < this.size) {
      this.#follow(end, parsePayload);
    }
    for (const note of notes) {
      this.#follow(note.offset, (payload) => parseNotes(note, header, payload));
      if (note.bytes > MAX_PLAIN_NOTE_BYTES) this.#runtimeEnd ||= note.offset;
    }
  }

  #follow(start: number, parse: (payload: Payload) => Parser): void {
    const payload = new Payload(start, this.options);
    const reader = new StreamParser(start, parse(payload));
    this.#candidates.push({ payload, reader });
  }

  #tableAt(header: ElfHeader, offset: number): ElfSegment[] {
    const { entryBytes, count } = header.segments;
    const table = this.#ranges.read(offset, entryBytes * count);
    return parseElfSegments(table, header);
  }

  #keepParts(segments: readonly ElfSegment[]): void {
    this.#code = codeOf(segments);
    for (const { type, offset, bytes } of segments) {
      const length = type === SEGMENT.dynamic
        ? Math.min(bytes, MAX_DYNAMIC_BYTES)
        : type === SEGMENT.interpreter
        ? Math.min(bytes, MAX_STRING_BYTES)
        : type === SEGMENT.load && bytes <= SMALL_SEGMENT_BYTES
        ? bytes
        : 0;
      this.#ranges.keep(offset, offset + length);
    }
  }

  #payload(): Payload | undefined {
    const candidates = this.#candidates.map(({ payload }) => payload);
    const recognised = candidates.find(({ recognised }) => recognised);
    const trailer = this.#trailer();
    if (recognised || trailer === undefined) return recognised;
    // Its start nothing told, as behind a runtime without sections.
    return new Payload(this.#ranges.position - trailer, this.options);
  }

  /** Bytes of what is appended with its trailer, if the file ends with one. */
  #trailer(): number | undefined {
    const { position } = this.#ranges;
    const bytes = trailerLength(this.#ranges.read(position - 24, 24));
    return bytes !== undefined && bytes <= position ? bytes : undefined;
  }

  #program(
    payload: Payload,
    segments: readonly ElfSegment[],
  ): CompiledProgram {
    const bytes = this.#ranges.position;
    const applicationBytes = Math.min(payload.bytes, bytes - payload.start);
    const runtimePath = this.#launches(segments);
    // With a note, the runtime in front of it is not as it was published.
    const untouched = payload.start === this.#header?.sectionsEnd;
    const runtimeSha256 = untouched && this.#runtimeHash?.digest("hex");
    return {
      bytes,
      ...runtimePath && { runtimePath },
      runtimeBytes: bytes - applicationBytes,
      applicationBytes,
      ...runtimeSha256 && { runtimeSha256 },
      ...this.#versions.found,
      ...payload.contents,
      ...payload.permissions && { permissions: payload.permissions },
    };
  }

  /** Where the runtime is, if split.ts has made this program. */
  #launches(segments: readonly ElfSegment[]): string | undefined {
    if (segments.some(({ type }) => type === SEGMENT.interpreter)) return;
    const end = Math.min(this.#header?.entry ?? 0, MAX_LAUNCHER_BYTES);
    const texts = Buffer.from(this.#ranges.read(0, end)).toString("latin1");
    if (!texts.includes(LAUNCHER)) return undefined;
    // The last text before the instructions, filled up with zeros.
    return /[\0\n](\/[^\0]+)\0+$/.exec(texts)?.[1];
  }
}

function loaded(segments: readonly ElfSegment[]): ElfSegment[] {
  return segments.filter(({ type }) => type === SEGMENT.load);
}

/** The executable segment, where there is a large one that is only read. */
function codeOf(segments: readonly ElfSegment[]): ElfSegment | undefined {
  const parted = loaded(segments).some(({ flags, bytes }) =>
    flags === READ && bytes >= MIN_TEXT_BYTES
  );
  return loaded(segments)
    .find(({ flags }) => parted && flags === READ + EXECUTE);
}

function loadedEnd(segments: readonly ElfSegment[]): number {
  return Math.max(
    0,
    ...loaded(segments).map(({ offset, bytes }) => offset + bytes),
  );
}

/** Whether one part is loaded over the end of another, as where strip moved a note. */
function overlap(segments: readonly ElfSegment[]): boolean {
  const pageOf = (address: number) => Math.floor(address / PAGE_BYTES);
  const sorted = loaded(segments)
    .sort((a, b) => a.address - b.address);
  return sorted.some(({ address, memory }, i) =>
    memory > 0 && i + 1 < sorted.length &&
    pageOf(sorted[i + 1].address) <= pageOf(address + memory - 1)
  );
}

/** Versions as `Deno.version` gives them; absent unless certain. */
export interface ProgramVersions {
  deno?: string;
  v8?: string;
}

/**
 * The two user agents, short and with the commit (unknown to a build from a source
 * archive), which the compiler lays side by side: seen in every release from 2.1
 * to 2.9, and nowhere else by chance.
 */
const DENO =
  /Deno\/(\d+\.\d+\.\d+(?:-[0-9a-z.]+)?)Deno\/\1\+(?:[0-9a-f]{7}|UNKNOWN)/y;
/** V8's own string in Deno's build of it; a zero in front tells it from a longer number. */
const V8 = /(?<=\0(\d+\.\d+\.\d+\.\d+))(-rusty)[^0-9A-Za-z.-]/y;
/** What `denort` says without a payload; the command `deno` has no such text. */
const NO_PAYLOAD = "Could not find standalone binary section";

/** Longer than any of them: kept from one chunk to the next. */
const OVERLAP = 160;
/** Text that is made of a chunk at a time: little enough to stay in the core's cache. */
const PIECE = 64 * 1024;

export class VersionSearch {
  #tail = "";
  found: ProgramVersions = {};
  /** Whether the runtime is one that runs nothing but a payload. */
  standalone = false;

  /** Bytes between two chunks are left out: no text lies across them. */
  skip(): void {
    this.#tail = "";
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at += PIECE) {
      const piece = chunk.subarray(at, at + PIECE);
      // Text of one byte a character: its search is the fastest there is.
      const text = this.#tail +
        Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
          .toString("latin1");
      const deno = this.found.deno ?? find(text, "Deno/", DENO);
      const v8 = this.found.v8 ?? find(text, "-rusty", V8);
      this.found = { ...deno && { deno }, ...v8 && { v8 } };
      this.standalone ||= text.includes(NO_PAYLOAD);
      this.#tail = text.slice(-OVERLAP);
    }
  }
}

/** Looks for the literal first, since a pattern over all bytes costs ten times more. */
function find(text: string, word: string, form: RegExp): string | undefined {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    form.lastIndex = at;
    const match = form.exec(text);
    if (match) return match.slice(1).join("");
  }
}
