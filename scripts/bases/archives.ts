/** Tar archives as streams, as hundreds of megabytes never sit in memory, and zip archives. @module */
import { Buffer } from "node:buffer";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import type { Entry } from "../image/model.ts";
import { normalisePath } from "../image/tar_header.ts";
import { TarParser } from "../image/tar_parser.ts";

/** An entry to write; owner is root and the type a file unless told. */
export interface NewEntry extends Partial<Entry> {
  path: string;
  mode: number;
  mtime: number;
  /** Of a file; `size` must be given where it is a stream. */
  content?: Uint8Array | AsyncIterable<Uint8Array>;
}

export type ReadEntry = Entry & { content: AsyncIterable<Uint8Array> };

/** Reads a tar entry by entry; content that was not read is skipped with the next. */
export async function* readTar(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<ReadEntry> {
  const parts = partsOf(stream);
  async function* content(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { value } = await parts.next();
      if (!(value instanceof Uint8Array)) return;
      yield value;
    }
  }
  for await (const part of parts) {
    // Anything else is content that its reader has left.
    if (typeof part === "string" || part instanceof Uint8Array) continue;
    const path = normalisePath(part.path);
    const link = part.type === "hardlink"
      ? normalisePath(part.link ?? "")
      : part.link;
    yield { ...part, path, link, content: content() };
  }
}

/** Entries, their content in chunks, and where it ends. */
async function* partsOf(stream: ReadableStream<Uint8Array>) {
  const parts: (Entry | Uint8Array | "end")[] = [];
  const parser = new TarParser({
    entry: (entry) => parts.push(entry),
    data: (chunk) => parts.push(chunk),
    entryEnd: () => parts.push("end"),
  });
  for await (const chunk of stream) {
    parser.push(chunk);
    yield* parts.splice(0);
  }
  parser.finish();
}

export function readAll(
  content: AsyncIterable<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Response(ReadableStream.from(content)).bytes();
}

/** Writes an archive to a file. */
export async function writeTar(
  path: string,
  entries: Iterable<NewEntry> | AsyncIterable<NewEntry>,
): Promise<void> {
  const tar = pack();
  const written = pipeline(tar, createWriteStream(path));
  written.catch(() => {}); // Awaited below, but perhaps not at once.
  try {
    for await (const entry of entries) await add(tar, entry);
    tar.finalize();
  } catch (error) {
    // The file may have failed before: that tells why.
    tar.destroy(error instanceof Error ? error : undefined);
    await written;
    throw error;
  }
  await written;
}

async function add(tar: Pack, entry: NewEntry): Promise<void> {
  const { path, mode, uid = 0, gid = 0, mtime, type = "file", link } = entry;
  const { content = new Uint8Array() } = entry;
  const size = content instanceof Uint8Array ? content.length : entry.size;
  const sink = tar.entry({
    name: type === "directory" ? `${path}/` : path,
    mode,
    uid,
    gid,
    mtime: new Date(mtime * 1000),
    type: type === "hardlink" ? "link" : type,
    ...(link ? { linkname: link } : {}),
    size: type === "file" ? size : 0,
  });
  if (type !== "file") return;
  await pipeline(content instanceof Uint8Array ? [content] : content, sink);
}

/** Reads a file in a zip archive, as in a wheel, without an unpacked copy. */
export async function zipMember(
  path: string,
  name: string,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const bytes = await Deno.readFile(path);
  const view = new DataView(bytes.buffer);
  const u16 = (at: number) => view.getUint16(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  let end = bytes.length - 22;
  while (end >= 0 && u32(end) !== 0x06054b50) end--;
  if (end < 0) throw new TypeError(`Cannot read "${path}": not a zip archive`);
  // The central directory at the end of the archive.
  let at = u32(end + 16);
  for (let left = u16(end + 10); left > 0; left--) {
    const stored = bytes.subarray(at + 46, at + 46 + u16(at + 28));
    if (new TextDecoder().decode(stored) === name) {
      const header = u32(at + 42);
      const start = header + 30 + u16(header + 26) + u16(header + 28);
      const packed = bytes.subarray(start, start + u32(at + 20));
      const raw = new Blob([packed]).stream();
      return u16(at + 10) === 0
        ? raw
        : raw.pipeThrough(new DecompressionStream("deflate-raw"));
    }
    at += 46 + u16(at + 28) + u16(at + 30) + u16(at + 32);
  }
  throw new TypeError(`Cannot find "${name}" in "${path}"`);
}

/** Dates in a zip have a first day; a base has none of its own. */
const FIRST_DAY = 1 << 5 | 1;

/** Makes a zip archive of one file. */
export async function zipFile(
  name: string,
  content: AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  const { readable, writable } = new CompressionStream("gzip");
  const [gzip] = await Promise.all([
    new Response(readable).bytes(),
    ReadableStream.from(content).pipeTo(writable as WritableStream<Uint8Array>),
  ]);
  // Of a header, deflated content, its checksum and its size: what a zip holds.
  const packed = gzip.subarray(10, -8);
  const title = new TextEncoder().encode(name);
  // What the header in front and the one in the directory have in common.
  const common = [
    ...[u16(20), u16(0), u16(8), u16(0), u16(FIRST_DAY), gzip.subarray(-8, -4)],
    ...[u32(packed.length), gzip.subarray(-4), u16(title.length), u16(0)],
  ];
  const local = [u32(0x04034b50), ...common, title, packed];
  const directory = Buffer.concat([
    ...[u32(0x02014b50), u16(20), ...common],
    ...[u16(0), u16(0), u16(0), u32(0), u32(0), title],
  ]);
  const end = [
    ...[u32(0x06054b50), u16(0), u16(0), u16(1), u16(1)],
    ...[u32(directory.length), u32(Buffer.concat(local).length), u16(0)],
  ];
  return Buffer.concat([...local, directory, ...end]);
}

function u16(value: number): Uint8Array {
  return new Uint8Array([value, value >> 8]);
}

function u32(value: number): Uint8Array {
  return new Uint8Array([value, value >> 8, value >> 16, value >> 24]);
}
