import { assertEquals, assertMatch, assertRejects } from "@std/assert";
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
import { join, makeTar } from "../../testing/tar.ts";

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
