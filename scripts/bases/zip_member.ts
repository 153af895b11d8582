/**
 * One file of a zip archive as a stream: a wheel is a zip, and neither a Python
 * of a certain age nor an unpacked copy is needed to read it.
 *
 * @module
 */
import { crc32 } from "node:zlib";

/** A file in a zip archive. */
export interface ZipMember {
  /** Bytes of the content. */
  size: number;
  /** The content; cancelling it closes the archive. */
  stream: ReadableStream<Uint8Array<ArrayBuffer>>;
}

const END_BYTES = 22;
const COMMENT_BYTES = 0xffff;

/**
 * Opens a file of a zip archive.
 *
 * @param path Path of the archive.
 * @param name Name of the file inside, as stored.
 * @returns Its size and content.
 * @throws {TypeError} when the archive is damaged, or has no such file.
 */
export async function zipMember(
  path: string,
  name: string,
): Promise<ZipMember> {
  const file = await Deno.open(path);
  try {
    const { method, packed, size, header } = await find(file, path, name);
    const local = await read(file, header, 30);
    if (local.getUint32(0, true) !== 0x04034b50) {
      throw new TypeError(`Cannot read "${path}": damaged entry "${name}"`);
    }
    const start = header + 30 + local.getUint16(26, true) +
      local.getUint16(28, true);
    await file.seek(start, Deno.SeekMode.Start);
    const raw = limited(file, packed);
    const stream = method === 0
      ? raw
      : raw.pipeThrough(new DecompressionStream("deflate-raw"));
    return { size, stream };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Looks a file up in the central directory at the end of the archive. */
async function find(file: Deno.FsFile, path: string, name: string) {
  const { size: length } = await file.stat();
  const from = Math.max(0, length - END_BYTES - COMMENT_BYTES);
  const tail = await read(file, from, length - from);
  let end = tail.byteLength - END_BYTES;
  while (end >= 0 && tail.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw new TypeError(`Cannot read "${path}": not a zip archive`);
  const count = tail.getUint16(end + 10, true);
  const directory = await read(
    file,
    tail.getUint32(end + 16, true),
    tail.getUint32(end + 12, true),
  );
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (directory.getUint32(at, true) !== 0x02014b50) break;
    const nameBytes = directory.getUint16(at + 28, true);
    const stored = new TextDecoder().decode(
      new Uint8Array(
        directory.buffer,
        directory.byteOffset + at + 46,
        nameBytes,
      ),
    );
    const method = directory.getUint16(at + 10, true);
    if (stored === name && (method === 0 || method === 8)) {
      return {
        method,
        packed: directory.getUint32(at + 20, true),
        size: directory.getUint32(at + 24, true),
        header: directory.getUint32(at + 42, true),
      };
    }
    at += 46 + nameBytes + directory.getUint16(at + 30, true) +
      directory.getUint16(at + 32, true);
  }
  throw new TypeError(`Cannot find "${name}" in "${path}"`);
}

async function read(file: Deno.FsFile, at: number, length: number) {
  const bytes = new Uint8Array(length);
  await file.seek(at, Deno.SeekMode.Start);
  for (let filled = 0; filled < length;) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) throw new TypeError("Cannot read zip: it ends early");
    filled += count;
  }
  return new DataView(bytes.buffer);
}

/** The next bytes of a file as a stream that closes it at the end. */
function limited(
  file: Deno.FsFile,
  length: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = length;
  return new ReadableStream({
    async pull(controller) {
      const chunk = new Uint8Array(Math.min(left, 256 * 1024));
      const count = left === 0 ? null : await file.read(chunk);
      if (count !== null) {
        left -= count;
        controller.enqueue(chunk.subarray(0, count));
        return;
      }
      file.close();
      if (left === 0) controller.close();
      else controller.error(new TypeError("Cannot read zip: it ends early"));
    },
    cancel: () => file.close(),
  }, { highWaterMark: 0 });
}

/** Dates in a zip have a first day; a base has none of its own. */
const FIRST_DAY = 1 << 5 | 1;

/**
 * Packs a file.
 *
 * @param name Its name in the archive.
 * @param content Its content; less than 4 GiB.
 * @returns The archive, deflated.
 */
export async function zipFile(
  name: string,
  content: AsyncIterable<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  let sum = 0;
  let size = 0;
  async function* counted() {
    for await (const chunk of content) {
      sum = crc32(chunk, sum);
      size += chunk.length;
      yield chunk.slice();
    }
  }
  const packed = new Uint8Array(
    await new Response(
      ReadableStream.from(counted())
        .pipeThrough(new CompressionStream("deflate-raw")),
    ).arrayBuffer(),
  );
  const title = new TextEncoder().encode(name);
  // What the header in front and the one in the directory have in common.
  const common = [
    ...[u16(20), u16(0), u16(8), u16(0), u16(FIRST_DAY)],
    ...[u32(sum), u32(packed.length), u32(size), u16(title.length), u16(0)],
  ];
  const local = [u32(0x04034b50), ...common, title];
  const directory = [
    ...[u32(0x02014b50), u16(20), ...common],
    ...[u16(0), u16(0), u16(0), u32(0), u32(0), title],
  ];
  const end = [
    ...[u32(0x06054b50), u16(0), u16(0), u16(1), u16(1)],
    ...[u32(bytesOf(directory)), u32(bytesOf(local) + packed.length), u16(0)],
  ];
  const archive = new Blob([...local, packed, ...directory, ...end]);
  return new Uint8Array(await archive.arrayBuffer());
}

function u16(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array([value, value >> 8]);
}

function u32(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array([value, value >> 8, value >> 16, value >> 24]);
}

function bytesOf(parts: Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
