/** One file in a zip archive, as in a wheel, without an unpacked copy. @module */
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";

const END_BYTES = 22;

export async function zipMember(
  path: string,
  name: string,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const bytes = await Deno.readFile(path);
  const view = new DataView(bytes.buffer);
  const u16 = (at: number) => view.getUint16(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  let end = bytes.length - END_BYTES;
  while (end >= 0 && u32(end) !== 0x06054b50) end--;
  if (end < 0) throw new TypeError(`Cannot read "${path}": not a zip archive`);
  // The central directory at the end of the archive.
  let at = u32(end + 16);
  for (let left = u16(end + 10); left > 0; left--) {
    if (at + 46 > end || u32(at) !== 0x02014b50) break;
    const stored = bytes.subarray(at + 46, at + 46 + u16(at + 28));
    const method = u16(at + 10);
    const readable = method === 0 || method === 8;
    if (readable && new TextDecoder().decode(stored) === name) {
      const header = u32(at + 42);
      if (header + 30 > end || u32(header) !== 0x04034b50) {
        throw new TypeError(`Cannot read "${path}": damaged entry "${name}"`);
      }
      const start = header + 30 + u16(header + 26) + u16(header + 28);
      const packed = bytes.subarray(start, start + u32(at + 20));
      const raw = new Blob([packed]).stream();
      return method === 0
        ? raw
        : raw.pipeThrough(new DecompressionStream("deflate-raw"));
    }
    at += 46 + u16(at + 28) + u16(at + 30) + u16(at + 32);
  }
  throw new TypeError(`Cannot find "${name}" in "${path}"`);
}

/** Dates in a zip have a first day; a base has none of its own. */
const FIRST_DAY = 1 << 5 | 1;

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
  const packed = await new Response(
    ReadableStream.from(counted())
      .pipeThrough(new CompressionStream("deflate-raw")),
  ).bytes();
  const title = new TextEncoder().encode(name);
  // What the header in front and the one in the directory have in common.
  const common = Buffer.concat([
    ...[u16(20), u16(0), u16(8), u16(0), u16(FIRST_DAY)],
    ...[u32(sum), u32(packed.length), u32(size), u16(title.length), u16(0)],
  ]);
  const local = Buffer.concat([u32(0x04034b50), common, title, packed]);
  const directory = Buffer.concat([
    ...[u32(0x02014b50), u16(20), common],
    ...[u16(0), u16(0), u16(0), u32(0), u32(0), title],
  ]);
  const end = [
    ...[u32(0x06054b50), u16(0), u16(0), u16(1), u16(1)],
    ...[u32(directory.length), u32(local.length), u16(0)],
  ];
  return new Uint8Array(Buffer.concat([local, directory, ...end]));
}

function u16(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array([value, value >> 8]);
}

function u32(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array([value, value >> 8, value >> 16, value >> 24]);
}
