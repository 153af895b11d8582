import { assertEquals } from "@std/assert";
import { join } from "node:path";
import type { Image } from "../image/model.ts";
import { ImageCache } from "./image_cache.ts";

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
