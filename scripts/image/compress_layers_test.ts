import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { UserError } from "../lib/errors.ts";
import { compressLayers } from "./compress_layers.ts";
import { readImage } from "./read_image.ts";
import {
  archiveOf,
  dockerFiles,
  type ImageSpec,
  makeDockerArchive,
  makeOciArchive,
  ociFiles,
  sourceOf,
  streamOf,
  writeFolder,
} from "../../testing/archive.ts";
import { bytesOf, makeTar } from "../../testing/tar.ts";

/** Text that compresses about as well as programs do, the same in every run. */
function text(length: number, seed: number): string {
  let state = seed;
  let result = "";
  while (result.length < length) {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    result += (state % 5000).toString(36) + " ";
  }
  return result.slice(0, length);
}

const large = [{ path: "large", content: text(3_500_000, 1) }];
const small = [{ path: "small", content: text(10_000, 2) }];
const SPEC: ImageSpec = { layers: [large, small] };

/** Reads an archive, counting how often it is opened. */
async function setUp(archive: Uint8Array) {
  const source = {
    reference: "test",
    opened: 0,
    open() {
      source.opened++;
      return streamOf(archive);
    },
  };
  const image = await readImage(source);
  source.opened = 0;
  return { source, image };
}

async function withCache(test: (cacheDir: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await test(`${folder}/cache`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("compressLayers() gives the size of a real gzip and zstd stream", () =>
  withCache(async (cacheDir) => {
    const { source, image } = await setUp(makeDockerArchive(SPEC));
    const sizes = await compressLayers(source, image, { cacheDir, zstd: true });
    assertEquals(sizes.size, 2);
    const [first, second] = image.layers.map(({ diffId }) => {
      const size = sizes.get(diffId);
      assert(size !== undefined);
      return size;
    });
    // One block is compressed as zlib compresses it, to the byte.
    assertEquals(
      second.gzipBytes,
      gzipSync(makeTar(small), { level: 6 }).length,
    );
    // Several blocks cost some bytes where they meet.
    const whole = gzipSync(makeTar(large), { level: 6 }).length;
    assert(Math.abs(first.gzipBytes / whole - 1) < 0.005);
    const zstd = zstdCompressSync(makeTar(large)).length;
    assert(Math.abs((first.zstdBytes ?? 0) / zstd - 1) < 0.01);
  }));

Deno.test("compressLayers() remembers, and does not open the source again", () =>
  withCache(async (cacheDir) => {
    const { source, image } = await setUp(makeDockerArchive(SPEC));
    const first = await compressLayers(source, image, { cacheDir });
    assertEquals(source.opened, 1);
    assertEquals(await compressLayers(source, image, { cacheDir }), first);
    assertEquals(source.opened, 1);
    // What is known of gzip says nothing of zstd.
    const both = await compressLayers(source, image, { cacheDir, zstd: true });
    assertEquals(source.opened, 2);
    assert([...both.values()].every(({ zstdBytes = 0 }) => zstdBytes > 0));
    assertEquals(
      [...both].map(([diffId, { gzipBytes }]) => [diffId, gzipBytes]),
      [...first].map(([diffId, { gzipBytes }]) => [diffId, gzipBytes]),
    );
  }));

Deno.test("compressLayers() ignores cache entries that are damaged", () =>
  withCache(async (cacheDir) => {
    const archive = makeDockerArchive({ layers: [small] });
    const { source, image } = await setUp(archive);
    const first = await compressLayers(source, image, { cacheDir });
    const damage = [
      "",
      "{",
      "null",
      "[]",
      '{"gzipBytes":-1}',
      '{"gzipBytes":"9"}',
    ];
    for (const content of damage) {
      for await (const { name } of Deno.readDir(cacheDir)) {
        await Deno.writeTextFile(`${cacheDir}/${name}`, content);
      }
      assertEquals(await compressLayers(source, image, { cacheDir }), first);
    }
    assertEquals(source.opened, 1 + damage.length);
    const left = [...Deno.readDirSync(cacheDir)].map(({ name }) => name);
    assertEquals(left.length, 1, "nothing half written is left");
  }));

Deno.test("compressLayers() works without a cache that can be written", () =>
  withCache(async (cacheDir) => {
    await Deno.writeTextFile(cacheDir, "a file where the folder should be");
    const { source, image } = await setUp(makeDockerArchive(SPEC));
    assertEquals((await compressLayers(source, image, { cacheDir })).size, 2);
  }));

Deno.test("compressLayers() takes compressed layers at their word", () =>
  withCache(async (cacheDir) => {
    for (const compression of ["gzip", "zstd"] as const) {
      const archive = makeOciArchive({ ...SPEC, compression });
      const { source, image } = await setUp(archive);
      const zstd = compression === "zstd";
      const sizes = await compressLayers(source, image, { cacheDir, zstd });
      assertEquals(source.opened, zstd ? 1 : 0);
      for (const { diffId, blobBytes } of image.layers) {
        const size = sizes.get(diffId);
        assertEquals(zstd ? size?.zstdBytes : size?.gzipBytes, blobBytes);
      }
      // A layer in zstd has to be compressed anew for gzip.
      const whole = gzipSync(makeTar(small), { level: 6 }).length;
      const last = sizes.get(image.layers[1].diffId)?.gzipBytes ?? 0;
      assert(Math.abs(last - whole) <= 2, `${last} ${whole}`);
    }
  }));

Deno.test("compressLayers() compresses once what two images share at a time", () =>
  withCache(async (cacheDir) => {
    const one = await setUp(makeDockerArchive({ layers: [large] }));
    const two = await setUp(makeDockerArchive(SPEC));
    const same = await setUp(makeDockerArchive({ layers: [large] }));
    const [first, second, third] = await Promise.all(
      [one, two, same].map(({ source, image }) =>
        compressLayers(source, image, { cacheDir })
      ),
    );
    const { diffId } = one.image.layers[0];
    assertEquals(second.get(diffId), first.get(diffId));
    assertEquals(third, first);
    const opened = [one, two, same].map(({ source }) => source.opened);
    assertEquals(opened, [1, 1, 0]);
  }));

Deno.test("compressLayers() goes on alone when the other image fails", () =>
  withCache(async (cacheDir) => {
    const bad = await setUp(makeDockerArchive({ layers: [large] }));
    const good = await setUp(makeDockerArchive({ layers: [large] }));
    const stop = new AbortController();
    const failing = compressLayers(bad.source, bad.image, {
      cacheDir,
      signal: stop.signal,
    });
    const working = compressLayers(good.source, good.image, { cacheDir });
    stop.abort(new Error("stopped"));
    await assertRejects(() => failing, Error, "stopped");
    assertEquals((await working).size, 1);
  }));

Deno.test("compressLayers() notices that the source has changed", () =>
  withCache(async (cacheDir) => {
    const { image } = await setUp(makeDockerArchive(SPEC));
    const other = sourceOf(makeDockerArchive({ layers: [small] }));
    await assertRejects(
      () => compressLayers(other, image, { cacheDir }),
      UserError,
      'Image "test" has changed while it was read',
    );
  }));

Deno.test("compressLayers() reads folders, empty layers and images without any", () =>
  withCache(async (cacheDir) => {
    const folder = `${cacheDir}-layout`;
    await writeFolder(folder, ociFiles({ layers: [small, []] }));
    const source = { reference: "test", path: folder };
    const image = await readImage(source);
    const sizes = await compressLayers(source, image, { cacheDir });
    assertEquals(
      [...sizes.values()].map(({ gzipBytes }) => gzipBytes),
      [small, []].map((layer) => gzipSync(makeTar(layer), { level: 6 }).length),
    );
    const none = await setUp(makeDockerArchive({ layers: [] }));
    assertEquals(
      (await compressLayers(none.source, none.image, { cacheDir })).size,
      0,
    );
  }));

Deno.test("readImage() compresses on the way, and the source is opened once", () =>
  withCache(async (cacheDir) => {
    const archive = makeDockerArchive(SPEC);
    const { source, image } = await setUp(archive);
    const compress = { cacheDir, zstd: true };
    assertEquals(await readImage(source, { compress }), image);
    const sizes = await compressLayers(source, image, compress);
    assertEquals(source.opened, 1);
    await Deno.remove(cacheDir, { recursive: true });
    assertEquals(await compressLayers(source, image, compress), sizes);
    assertEquals(source.opened, 2, "the same sizes in a pass of their own");
  }));

Deno.test("readImage() does not compress what was compressed before", () =>
  withCache(async (cacheDir) => {
    const compress = { cacheDir };
    const read = (spec: ImageSpec) =>
      readImage(sourceOf(makeOciArchive(spec)), { compress });
    const sizes = () =>
      [...Deno.readDirSync(cacheDir)].filter(({ name }) => /gzip/.test(name));
    await read({ layers: [small] });
    const [{ name }] = sizes();
    // An entry that is not what compressing would give shows that it is not redone.
    await Deno.writeTextFile(`${cacheDir}/${name}`, '{"gzipBytes":77}');
    await read(SPEC);
    assertEquals(sizes().length, 2);
    assertEquals(
      await Deno.readTextFile(`${cacheDir}/${name}`),
      '{"gzipBytes":77}',
    );
    // gzip blobs state their size themselves.
    await read({ layers: [[{ path: "new" }]], compression: "gzip" });
    assertEquals(sizes().length, 2);
  }));

Deno.test("readImage() compresses what a blob of a known name holds in fact", () =>
  withCache(async (cacheDir) => {
    const id = `${"a".repeat(64)}/layer.tar`;
    const files = (layers: ImageSpec["layers"]) => {
      const made = dockerFiles({ layers });
      const [layer] = made.keys();
      const content = made.get(layer);
      made.delete(layer);
      const text = new TextDecoder().decode(
        made.get("manifest.json") as Uint8Array,
      ).replace(layer, id);
      return archiveOf(
        made.set(id, content ?? "").set("manifest.json", bytesOf(text)),
      );
    };
    await readImage(sourceOf(files([small])), { compress: { cacheDir } });
    const { source } = await setUp(files([large]));
    const image = await readImage(source, { compress: { cacheDir } });
    const sizes = await compressLayers(source, image, { cacheDir });
    const whole = gzipSync(makeTar(large), { level: 6 }).length;
    const [{ gzipBytes }] = [...sizes.values()];
    assert(Math.abs(gzipBytes / whole - 1) < 0.005);
    assertEquals(source.opened, 2);
  }));

Deno.test("readImage() ends the workers when it fails", () =>
  withCache(async (cacheDir) => {
    const archive = makeDockerArchive(SPEC);
    await assertRejects(
      () =>
        readImage(sourceOf(archive.subarray(0, 3_000_000)), {
          compress: { cacheDir },
        }),
      UserError,
      "it is cut off",
    );
  }));
