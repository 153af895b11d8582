import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { ArchiveError } from "./archive_error.ts";
import { bytesOf, join } from "../../testing/tar.ts";
import { ZstdFrames } from "./zstd_frames.ts";

/** All parts of a stream given in chunks, and where frames were cut. */
function split(bytes: Uint8Array, chunkSize: number): Uint8Array[] {
  const frames = new ZstdFrames();
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunkSize) {
    parts.push(...frames.split(bytes.subarray(at, at + chunkSize)));
  }
  frames.finish();
  return parts;
}

const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const first = zstdCompressSync(bytesOf("first".repeat(50_000)), checksum);
const second = zstdCompressSync(
  Uint8Array.from({ length: 3000 }, (_, index) => index * index * 7919 >> 5),
);
const empty = zstdCompressSync(new Uint8Array(0));
const skippable = new Uint8Array([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9]);
const hollow = new Uint8Array([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);

Deno.test("ZstdFrames cuts at the end of each frame and drops skippable ones", () => {
  const stream = join([first, skippable, second, hollow, empty, skippable]);
  const parts = split(stream, stream.length);
  assertEquals(parts.map(({ length }) => length), [
    first.length,
    second.length,
    empty.length,
  ]);
  assertEquals(zstdDecompressSync(parts[0]).length, 250_000);
});

Deno.test("ZstdFrames gives the same bytes whatever the chunks", () => {
  const frame = fc.constantFrom(first, second, empty, skippable, hollow);
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 5 }),
      fc.integer({ min: 1, max: 5000 }),
      (frames, chunkSize) => {
        const kept = frames.filter((each) =>
          each !== skippable && each !== hollow
        );
        const parts = split(join(frames), chunkSize);
        assertEquals(join(parts), join(kept));
      },
    ),
    { numRuns: 100, seed: 4 },
  );
});

Deno.test("ZstdFrames refuses a stream that is cut off, wherever", () => {
  for (const stream of [first, second, skippable]) {
    for (let length = 1; length < stream.length; length++) {
      const error = assertThrows(
        () => split(stream.subarray(0, length), 4096),
        ArchiveError,
      );
      assertEquals(error.message, "its zstd stream is cut off");
    }
  }
});

Deno.test("ZstdFrames refuses what is no frame, and reserved blocks", () => {
  const reserved = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 7, 0, 0]);
  for (
    const bytes of [bytesOf("text"), join([first, bytesOf("text")]), reserved]
  ) {
    const error = assertThrows(() => split(bytes, bytes.length), ArchiveError);
    assertEquals(error.message, "its zstd stream is damaged");
  }
});
