/**
 * A zip archive with one file: the form in which `deno compile` keeps a runtime
 * that it has downloaded.
 *
 * @module
 */
import { crc32 } from "node:zlib";

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
