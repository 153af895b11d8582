/**
 * Makes small ELF files and programs as `deno compile` would, for the tests that
 * read them: every figure in them is known.
 *
 * @module
 */

/** What to put into an ELF file. */
export interface ElfOptions {
  /** 32 or 64; 64 unless told. */
  bits?: 32 | 64;
  bigEndian?: boolean;
  machine?: number;
  interpreter?: string;
  needed?: string[];
  rpath?: string;
  runpath?: string;
  soname?: string;
  /** Content of the read-only data. */
  data?: Uint8Array | string;
  /** Whether the read-only data lies in front of the strings. */
  dataFirst?: boolean;
  /** Without a table of sections, as some strip it. */
  sections?: boolean;
}

/** A file in the program's own file system. */
export interface ProgramFile {
  text: string;
  transpiled?: string;
  sourceMap?: string;
  analysis?: string;
}

/** A module from a registry or a web server. */
export interface RemoteModule {
  specifier: string;
  text: string;
  transpiled?: string;
  sourceMap?: string;
  analysis?: string;
}

/** What to put into a payload. */
export interface PayloadOptions {
  /** By path, folders with `/`. */
  files?: Record<string, ProgramFile | string>;
  remote?: RemoteModule[];
  /** JSON to use instead of the file system. */
  tree?: string;
  /** JSON to use as the metadata. */
  metadata?: string;
}

/** How the payload is attached: behind the file, or as an ELF note. */
export type ProgramLayout = "appended" | "note";

/** What a runtime carries from which its versions are known. */
export const RUNTIME_DATA =
  "lts9.8.7denover9.8.7+0123abcDeno/9.8.7Deno/9.8.7+0123abc\0" +
  "21.4.500.3-rusty\0";

/** Collects numbers and bytes in the order that a file has. */
class Bytes {
  #parts: Uint8Array[] = [];
  length = 0;
  constructor(readonly littleEndian = true, readonly wordBytes = 8) {}
  add(bytes: Uint8Array | string): this {
    const part = typeof bytes === "string"
      ? new TextEncoder().encode(bytes)
      : bytes;
    this.#parts.push(part);
    this.length += part.length;
    return this;
  }
  number(value: number, bytes: number): this {
    const part = new Uint8Array(bytes);
    for (let i = 0; i < bytes; i++) {
      part[this.littleEndian ? i : bytes - 1 - i] = Number(
        BigInt(value) >> BigInt(8 * i) & 0xffn,
      );
    }
    return this.add(part);
  }
  u16 = (value: number) => this.number(value, 2);
  u32 = (value: number) => this.number(value, 4);
  u64 = (value: number) => this.number(value, 8);
  word = (value: number) => this.number(value, this.wordBytes);
  pad(unit: number): this {
    return this.add(new Uint8Array((unit - this.length % unit) % unit));
  }
  done(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

/** Where the file is mapped, so that addresses are no offsets. */
const BASE = 0x40_0000;

interface Segment {
  type: number;
  offset: number;
  bytes: number;
  align?: number;
}

function addSegment(out: Bytes, segment: Segment): void {
  const { type, offset, bytes, align = 8 } = segment;
  const wide = out.wordBytes === 8;
  out.u32(type);
  if (wide) out.u32(4);
  out.word(offset).word(BASE + offset).word(BASE + offset);
  out.word(bytes).word(bytes);
  if (!wide) out.u32(4);
  out.word(align);
}

/** Makes an ELF file. */
export function elfFixture(options: ElfOptions = {}): Uint8Array<ArrayBuffer> {
  const wide = options.bits !== 32;
  const make = () => new Bytes(!options.bigEndian, wide ? 8 : 4);
  const headerBytes = wide ? 64 : 52;
  const segmentBytes = wide ? 56 : 32;
  const data = make().add(options.data ?? "read-only data").done();

  const strings = make().add("\0");
  const string = (text: string) => {
    const offset = strings.length;
    strings.add(`${text}\0`);
    return offset;
  };
  const tags: [number, number][] = [];
  if (options.soname) tags.push([14, string(options.soname)]);
  for (const name of options.needed ?? []) tags.push([1, string(name)]);
  if (options.rpath) tags.push([15, string(options.rpath)]);
  if (options.runpath) tags.push([29, string(options.runpath)]);

  const segmentCount = options.interpreter ? 3 : 2;
  const body = make().add(new Uint8Array(headerBytes));
  body.add(new Uint8Array(segmentBytes * segmentCount));
  const interpreter = body.length;
  if (options.interpreter) body.add(`${options.interpreter}\0`);
  if (options.dataFirst) body.add(data);
  const stringsAt = body.length;
  body.add(strings.done());
  if (!options.dataFirst) body.add(data);
  body.pad(8);
  const dynamic = body.length;
  tags.push([5, BASE + stringsAt], [10, strings.length], [0, 0]);
  for (const [tag, value] of tags) body.word(tag).word(value);
  const end = body.length;
  const sections = options.sections ?? true;
  if (sections) body.add(new Uint8Array(wide ? 64 : 40));

  const head = make().add(new Uint8Array([0x7f, 0x45, 0x4c, 0x46]));
  head.number(wide ? 2 : 1, 1).number(options.bigEndian ? 2 : 1, 1);
  head.number(1, 1).add(new Uint8Array(9));
  head.u16(3).u16(options.machine ?? 62).u32(1).word(0);
  head.word(headerBytes).word(sections ? end : 0).u32(0);
  head.u16(headerBytes).u16(segmentBytes).u16(segmentCount);
  head.u16(sections ? (wide ? 64 : 40) : 0).u16(sections ? 1 : 0).u16(0);
  if (options.interpreter) {
    const bytes = options.interpreter.length + 1;
    addSegment(head, { type: 3, offset: interpreter, bytes });
  }
  addSegment(head, { type: 1, offset: 0, bytes: end });
  addSegment(head, { type: 2, offset: dynamic, bytes: end - dynamic });
  const file = body.done();
  file.set(head.done());
  return file;
}

/** Makes a payload, from its first magic to its last. */
export function payloadFixture(
  options: PayloadOptions = {},
): Uint8Array<ArrayBuffer> {
  const remote = options.remote ?? [];
  const data = new Bytes();
  const stored = new Map<string, [number, number]>();
  const store = (text: string | undefined) => {
    if (text === undefined) return undefined;
    const bytes = new TextEncoder().encode(text);
    const known = stored.get(text);
    const place: [number, number] = known ?? [data.length, bytes.length];
    if (!known) data.add(bytes);
    stored.set(text, place);
    return place;
  };
  const root: unknown[] = [];
  const folders = new Map<string, unknown[]>([["", root]]);
  const folder = (path: string): unknown[] => {
    const known = folders.get(path);
    if (known) return known;
    const slash = path.lastIndexOf("/");
    const entries: unknown[] = [];
    folders.set(path, entries);
    folder(path.slice(0, Math.max(0, slash)))
      .push({ Dir: { n: path.slice(slash + 1), e: entries } });
    return entries;
  };
  for (const [path, content] of Object.entries(options.files ?? {})) {
    const file = typeof content === "string" ? { text: content } : content;
    const slash = path.lastIndexOf("/");
    folder(path.slice(0, Math.max(0, slash))).push({
      File: {
        n: path.slice(slash + 1),
        o: store(file.text),
        m: store(file.transpiled),
        c: store(file.analysis),
        s: store(file.sourceMap),
      },
    });
  }
  const tree = new TextEncoder().encode(options.tree ?? JSON.stringify(root));
  const metadata = options.metadata ??
    JSON.stringify({ argv: [], entrypoint_key: "main.ts" });

  const out = new Bytes().add("d3n0l4nd");
  out.u64(metadata.length).add(metadata);
  out.u64(0);
  out.u32(remote.length);
  remote.forEach(({ specifier }, id) =>
    out.u32(specifier.length).add(specifier).u32(id)
  );
  out.u32(1).u32(0).u32(0);
  out.u32(remote.length);
  remote.forEach((module, id) => {
    const parts = [module.transpiled, module.sourceMap, module.analysis];
    out.u32(id).number(4, 1).u32(module.text.length).add(module.text);
    const flags = parts.reduce(
      (sum, part, i) => sum | (part === undefined ? 0 : 1 << i),
      8,
    );
    out.number(flags, 1);
    for (const part of parts) {
      if (part !== undefined) out.u32(part.length).add(part);
    }
  });
  out.u64(tree.length).add(tree);
  out.u64(data.length).add(data.done());
  return out.add("d3n0l4nd").done();
}

/** Makes a program: a runtime with a payload. */
export function programFixture(
  payload: Uint8Array,
  layout: ProgramLayout,
  runtime: Uint8Array = elfFixture({
    interpreter: "/lib64/ld-linux-x86-64.so.2",
    needed: ["libc.so.6"],
    data: RUNTIME_DATA,
  }),
): Uint8Array<ArrayBuffer> {
  const out = new Bytes().add(runtime);
  if (layout === "appended") return out.add(appended(payload)).done();
  // As sui 0.13 does: a new table of segments and the note behind the file, the
  // table of sections last, and the old table of segments left where it was.
  const old = new DataView(runtime.buffer, runtime.byteOffset);
  const count = old.getUint16(56, true);
  out.pad(4096);
  const table = out.length;
  out.add(runtime.subarray(64, 64 + 56 * count));
  const noteAt = table + 56 * (count + 1);
  const note = noteOf(payload);
  addSegment(out, { type: 4, offset: noteAt, bytes: note.length, align: 4 });
  out.add(note);
  const sections = out.length;
  const file = out.add(new Uint8Array(64)).done();
  const header = new DataView(file.buffer);
  header.setBigUint64(32, BigInt(table), true);
  header.setBigUint64(40, BigInt(sections), true);
  header.setUint16(56, count + 1, true);
  return file;
}

/** A payload as it stands behind a runtime: with its trailer. */
function appended(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Bytes().add(payload).u32(0x501e).u32(0x2a7)
    .u64(payload.length + 16).done();
}

/** A payload as an ELF note. */
function noteOf(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const content = new Bytes().u16(8).add("d3n0l4nd").add(payload);
  return new Bytes().u32(4).u32(content.length).u32(0x53554901)
    .add("SUI\0").add(content.done()).pad(4).done();
}

/**
 * Makes the program file that split.ts leaves of a program, whose runtime is
 * another file: launcher and payload.
 */
export function splitFixture(
  payload: Uint8Array,
  layout: ProgramLayout,
  launcher: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const body = layout === "note" ? noteOf(payload) : appended(payload);
  const file = new Bytes().add(launcher).add(body).done();
  if (layout === "appended") return file;
  // Two of the launcher's segments are free: one loads the note, one names it.
  const view = new DataView(file.buffer);
  for (const [i, type] of [1, 4].entries()) {
    const at = 64 + 56 * (4 + i);
    view.setUint32(at, type, true);
    const { length } = launcher;
    [length, 0x20000 + length, 0, body.length, body.length].forEach((
      value,
      j,
    ) => view.setBigUint64(at + 8 + 8 * j, BigInt(value), true));
  }
  return file;
}
