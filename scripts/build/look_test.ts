import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { makeDockerArchive, streamOf } from "../../testing/archive.ts";
import { UserError } from "../lib/errors.ts";
import type { Io } from "../lib/progress.ts";
import type { ImageInfo } from "../engine/engine.ts";
import { ImageCache } from "./image_cache.ts";
import { type EngineSource, engineSource, look } from "./look.ts";

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
