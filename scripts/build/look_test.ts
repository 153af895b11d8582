import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { makeDockerArchive, streamOf } from "../../testing/archive.ts";
import { UserError } from "../lib/errors.ts";
import type { Io } from "../lib/progress.ts";
import type { ImageInfo } from "../engine/engine.ts";
import type { Image } from "../image/model.ts";
import type { Variant } from "../report/report_schema.ts";
import {
  type EngineSource,
  engineSource,
  ImageCache,
  look,
  withPull,
} from "./look.ts";

const io: Io = {
  print() {},
  note() {},
  progress: { step: (_title, work) => work(() => {}), note() {} },
  signal: new AbortController().signal,
  columns: 80,
  color: false,
};

const ARCHIVE = makeDockerArchive({
  layers: [
    [{ path: "etc/passwd", content: "root:x:0:0::/root:/bin/sh\n" }],
    [{ path: "bin/sh", content: "#!/bin/sh\n", mode: 0o755 }],
  ],
});

/** An engine with one image, which counts its exports. */
class OneImage {
  readonly name = "docker";
  version = "1.0";
  id = "sha256:a";
  exports = 0;
  bytes = ARCHIVE;

  inspect(): Promise<ImageInfo | undefined> {
    return Promise.resolve({
      id: this.id,
      architecture: "amd64",
      diffIds: [],
      config: {
        user: "",
        entrypoint: [],
        cmd: [],
        env: [],
        workingDir: "",
        exposedPorts: [],
        labels: {},
        stopSignal: "",
        healthcheck: [],
        volumes: [],
      },
    });
  }

  export(): ReadableStream<Uint8Array> {
    this.exports++;
    return streamOf(this.bytes);
  }
}

async function withCache(
  use: (cache: ImageCache, engine: OneImage) => Promise<void>,
) {
  const folder = await Deno.makeTempDir({ prefix: "look-" });
  try {
    await use(new ImageCache(join(folder, "images")), new OneImage());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("look() exports an image once, and says the same of it ever after", () =>
  withCache(async (cache, engine) => {
    const first = await look(engineSource(engine, "a"), io, { cache });
    const again = await look(engineSource(engine, "a"), io, { cache });
    assertEquals(engine.exports, 1);
    assertEquals(again.analysis, first.analysis);
    assertEquals(again.analysis.surface.shells.length, 1);
    const named = await look(engineSource(engine, "b"), io, { cache });
    assertEquals(named.analysis.image.reference, "b");
    assertEquals(engine.exports, 1);
  }));

Deno.test("look() exports again what the name has come to mean", () =>
  withCache(async (cache, engine) => {
    await look(engineSource(engine, "a"), io, { cache });
    engine.id = "sha256:b";
    await look(engineSource(engine, "a"), io, { cache });
    engine.version = "1.1";
    await look(engineSource(engine, "a"), io, { cache });
    assertEquals(engine.exports, 3);
  }));

Deno.test("look() keeps nothing when the name was moved while it read", () =>
  withCache(async (cache, engine) => {
    const moved: EngineSource = engineSource(engine, "a", {
      id: "sha256:before",
    });
    await look(moved, io, { cache });
    await look(moved, io, { cache });
    assertEquals(engine.exports, 2);
  }));

Deno.test("look() keeps nothing of an export that is damaged", () =>
  withCache(async (cache, engine) => {
    engine.bytes = ARCHIVE.slice();
    engine.bytes[600] ^= 1;
    for (const exports of [1, 2]) {
      await assertRejects(
        () => look(engineSource(engine, "a"), io, { cache }),
        UserError,
        "is damaged",
      );
      assertEquals(engine.exports, exports);
    }
  }));

const KEY = ["docker", "1.0", "sha256:1"];

function image(entries: number): Image {
  return {
    reference: "a:1",
    id: "sha256:1",
    architecture: "amd64",
    os: "linux",
    document: { config: {} },
    config: {
      user: "",
      entrypoint: ["/hello"],
      cmd: [],
      env: ["A=\u{1f600} \ud800"],
      workingDir: "",
      exposedPorts: [],
      labels: { b: "", "1": "" },
      stopSignal: "",
      healthcheck: [],
      volumes: [],
    },
    layers: [{
      diffId: "sha256:2",
      compression: "none",
      blobBytes: 1,
      instruction: "COPY",
      entries: Array.from({ length: entries }, (_, index) => ({
        path: `${index}`,
        type: "file",
        size: 0,
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: 0,
        found: { text: "x" },
      })),
    }],
  };
}

async function withFolder(use: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "images-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("ImageCache gives what was put, to the same code and key alone", () =>
  withFolder(async (folder) => {
    const cache = new ImageCache(join(folder, "new"));
    assertEquals(await cache.get(KEY), undefined);
    await cache.put(KEY, image(2));
    assertEquals(await cache.get(KEY), image(2));
    assertEquals(await cache.get(["docker", "1.1", "sha256:1"]), undefined);
    const other = new ImageCache(join(folder, "new"), () => "another");
    assertEquals(await other.get(KEY), undefined);
  }));

Deno.test("ImageCache takes a damaged entry for none", () =>
  withFolder(async (folder) => {
    const cache = new ImageCache(folder);
    await cache.put(KEY, image(1));
    const [{ name }] = await Array.fromAsync(Deno.readDir(folder));
    const file = join(folder, name);
    const text = await Deno.readTextFile(file);
    for (
      const damaged of [
        text.slice(0, -9),
        text.replace('"size":0', '"size":1'),
        "null",
        '{"sha256":"","image":null}',
      ]
    ) {
      await Deno.writeTextFile(file, damaged);
      assertEquals(await cache.get(KEY), undefined);
    }
    await Deno.writeTextFile(file, text);
    assertEquals(await cache.get(KEY), image(1));
  }));

Deno.test("ImageCache stays small: no huge images, and the latest used of the others", () =>
  withFolder(async (folder) => {
    const cache = new ImageCache(folder);
    await cache.put(KEY, image(50_001));
    assertEquals(await cache.get(KEY), undefined);
    await cache.put(KEY, image(1));
    const long = new Date(0);
    const [{ name }] = await Array.fromAsync(Deno.readDir(folder));
    await Deno.utime(join(folder, name), long, long);
    assertEquals(await cache.get(KEY), image(1)); // used now
    for (let index = 0; index < 20; index++) {
      await cache.put([`${index}`], image(1));
    }
    const files = await Array.fromAsync(Deno.readDir(folder));
    assertEquals(files.length, 16);
    assertEquals(await cache.get(["19"]), image(1));
  }));

Deno.test("ImageCache without a folder it may write costs no more than time", () =>
  withFolder(async (folder) => {
    const file = join(folder, "file");
    await Deno.writeTextFile(file, "");
    const cache = new ImageCache(join(file, "x"));
    await cache.put(KEY, image(1));
    assertEquals(await cache.get(KEY), undefined);
  }));

const layers: Variant["layers"] = ["sha256:a", "sha256:b", "sha256:a"].map(
  (digest) => ({ digest, instruction: "COPY", sizeBytes: 10, files: 1 }),
);

Deno.test("withPull() counts a blob once, as a registry sends it", () => {
  const sizes = new Map([
    ["sha256:a", { gzipBytes: 4, zstdBytes: 3 }],
    ["sha256:b", { gzipBytes: 2, zstdBytes: 1 }],
  ]);
  const { layers: sized, pullBytes } = withPull({ layers }, sizes);
  assertEquals(pullBytes, { gzip: 6, zstd: 4 });
  assertEquals(sized.map((layer) => layer.gzipBytes), [4, 2, 4]);
});

Deno.test("withPull() gives no sum when a layer was not measured", () => {
  const sizes = new Map([["sha256:a", { gzipBytes: 4 }]]);
  assertEquals(withPull({ layers }, sizes).pullBytes, {
    gzip: undefined,
    zstd: undefined,
  });
});
