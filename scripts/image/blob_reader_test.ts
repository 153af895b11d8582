import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { UserError } from "../lib/errors.ts";
import { readImage } from "./read_image.ts";
import {
  addImage,
  archiveOf,
  type Files,
  finishLayout,
  makeDockerArchive,
  sourceOf,
} from "../../testing/archive.ts";
import { bytesOf, join, makeTar } from "../../testing/tar.ts";
import fc from "fast-check";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { ArchiveError } from "./archive_error.ts";
import { ZstdFrames } from "./blob_reader.ts";

const LAYER = [{ path: "a", content: "hello ".repeat(100_000) }];

/** What the machine's program makes of bytes; nothing where there is none. */
async function compressed(program: string, bytes: Uint8Array) {
  const command = new Deno.Command(program, {
    args: ["-c"],
    stdin: "piped",
    stdout: "piped",
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  const [, { stdout }] = await Promise.all([
    writer.write(bytes).then(() => writer.close()),
    child.output(),
  ]);
  return stdout;
}

const isThere = (program: string) => {
  try {
    return new Deno.Command(program, { args: ["--help"] }).outputSync().success;
  } catch {
    return false;
  }
};

for (const program of ["xz", "bzip2"]) {
  const test = (name: string, fn: () => Promise<void>) =>
    Deno.test({ name: `${name}: ${program}`, ignore: !isThere(program), fn });

  test("readImage() reads an archive that a program compressed", async () => {
    const archive = makeDockerArchive({ layers: [LAYER] });
    const expected = await readImage(sourceOf(archive));
    const half = archive.length >> 1;
    const parts = [archive.subarray(0, half), archive.subarray(half)];
    // Both formats may be several streams end to end, as parallel writers make them.
    const two = await Promise.all(
      parts.map((part) => compressed(program, part)),
    );
    for (const bytes of [await compressed(program, archive), join(two)]) {
      for (const chunkSize of [bytes.length, 1000]) {
        const image = await readImage(sourceOf(bytes, chunkSize));
        assertEquals(image, expected);
      }
    }
  });

  test("readImage() reads a layer that a program compressed", async () => {
    const files: Files = new Map();
    const tar = makeTar(LAYER);
    const blob = await compressed(program, tar);
    const plain = await readImage(
      sourceOf(makeDockerArchive({ layers: [tar] })),
    );
    const [layer] = plain.layers;
    const document = {
      rootfs: { type: "layers", diff_ids: [layer.diffId] },
    };
    const image = addImage(files, { layers: [blob], document });
    const read = await readImage(
      sourceOf(archiveOf(finishLayout(files, [image]))),
    );
    assertEquals(read.layers[0].entries, layer.entries);
    assertEquals(read.layers[0].compression as string, program);
    assertEquals(read.layers[0].blobBytes, blob.length);
  });

  test("readImage() refuses what is cut off or damaged", async () => {
    const archive = makeDockerArchive({ layers: [LAYER] });
    const bytes = await compressed(program, archive);
    const cut = await assertRejects(
      () => readImage(sourceOf(bytes.subarray(0, -20))),
      UserError,
    );
    assertMatch(cut.message, new RegExp(`its ${program} stream is cut off$`));
    const damaged = bytes.slice();
    damaged[bytes.length >> 1] ^= 0xff;
    const broken = await assertRejects(
      () => readImage(sourceOf(damaged)),
      UserError,
    );
    // What was decompressed before the program noticed may be wrong as well.
    assertMatch(broken.message, /(stream|header) is damaged/);
  });

  test("readImage() keeps a bomb within bounds", async () => {
    const bomb = await compressed(program, new Uint8Array(2 ** 22));
    const bounds = { expandedBytes: 2 ** 20, expansion: 100 };
    await assertRejects(
      () => readImage(sourceOf(bomb), { bounds }),
      UserError,
      "Cannot read image",
    );
    const files: Files = new Map();
    const image = addImage(files, { layers: [bomb] });
    await assertRejects(
      () =>
        readImage(sourceOf(archiveOf(finishLayout(files, [image]))), {
          bounds,
        }),
      UserError,
      "it decompresses to more than 100 times its size",
    );
  });
}

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
