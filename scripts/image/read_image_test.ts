import { assert, assertEquals } from "@std/assert";
import type { Compression, Image } from "./model.ts";
import { readImage } from "./read_image.ts";
import {
  addImage,
  archiveOf,
  compress,
  dockerFiles,
  type Files,
  finishLayout,
  type ImageSpec,
  json,
  makeDockerArchive,
  makeOciArchive,
  ociFiles,
  sourceOf,
  writeFolder,
} from "../../testing/archive.ts";
import { folder } from "../../testing/folder.ts";
import { bytesOf, makeTar, sha256, type TarEntry } from "../../testing/tar.ts";

const LAYERS: TarEntry[][] = [
  [
    { path: "./", type: "directory" },
    { path: "./etc/", type: "directory" },
    { path: "./etc/hosts", content: "127.0.0.1 localhost\n", mtime: 5 },
    { path: "./etc/also", type: "hardlink", link: "./etc/hosts" },
    { path: "./bin", type: "symlink", link: "usr/bin", mode: 0o777 },
  ],
  [
    { path: "etc/.wh.hosts" },
    { path: "big", content: "0123456789".repeat(50_000), uid: 65532 },
    { path: "empty" },
  ],
];
const SPEC: ImageSpec = {
  layers: LAYERS,
  config: {
    User: "65532",
    Entrypoint: ["/hello"],
    Cmd: null,
    Env: ["PATH=/bin", "A=1"],
    WorkingDir: "/app",
    ExposedPorts: { "8080/tcp": {}, "53/udp": {} },
    Labels: { a: "b", __proto__: "x" },
    StopSignal: "SIGTERM",
    Healthcheck: { Test: ["CMD", "/hello", "healthcheck"] },
    Volumes: { "/data": {} },
  },
  history: [
    { created_by: "/bin/sh -c #(nop) ADD file:1 in / " },
    { created_by: "ENV A=1", empty_layer: true },
    { created_by: "RUN /bin/sh -c rm /etc/hosts # buildkit" },
  ],
};

/** An image without what depends on how it was stored. */
function core(image: Image) {
  return {
    ...image,
    layers: image.layers.map((
      { blob: _blob, blobBytes: _bytes, compression: _compression, ...rest },
    ) => rest),
  };
}

const forms: Record<string, Uint8Array> = {
  "docker-archive": makeDockerArchive(SPEC),
  "docker-archive of buildah": makeDockerArchive(SPEC, "buildah"),
  "docker-archive of docker 25": archiveOf(
    new Map([...ociFiles(SPEC), [
      "manifest.json",
      json([{ Config: "x", RepoTags: [], Layers: [] }]),
    ]]),
  ),
  "OCI archive": makeOciArchive(SPEC),
  "OCI archive, gzip layers": makeOciArchive({ ...SPEC, compression: "gzip" }),
  "OCI archive, zstd layers": makeOciArchive({ ...SPEC, compression: "zstd" }),
};

Deno.test("readImage() reads config, layers and entries", async () => {
  const image = await readImage(sourceOf(forms["docker-archive"]));
  assertEquals(image.reference, "test");
  assertEquals([image.os, image.architecture], ["linux", "amd64"]);
  assertEquals(image.created, "2026-01-02T03:04:05Z");
  assertEquals(image.config, {
    user: "65532",
    entrypoint: ["/hello"],
    cmd: [],
    env: ["PATH=/bin", "A=1"],
    workingDir: "/app",
    exposedPorts: ["53/udp", "8080/tcp"],
    labels: { a: "b" },
    stopSignal: "SIGTERM",
    healthcheck: ["CMD", "/hello", "healthcheck"],
    volumes: ["/data"],
  });
  const tars = LAYERS.map((layer) => makeTar(layer));
  assertEquals(
    image.layers.map(({ entries: _, blob: __, ...layer }) => layer),
    [{
      diffId: `sha256:${sha256(tars[0])}`,
      compression: "none",
      blobBytes: tars[0].length,
      instruction: "ADD file:1 in /",
    }, {
      diffId: `sha256:${sha256(tars[1])}`,
      compression: "none",
      blobBytes: tars[1].length,
      instruction: "RUN rm /etc/hosts",
    }],
  );
  const [first, second] = image.layers;
  assertEquals(
    first.entries.map(({ path, type, size, link }) => [path, type, size, link]),
    [
      ["", "directory", 0, undefined],
      ["etc", "directory", 0, undefined],
      ["etc/hosts", "file", 20, undefined],
      ["etc/also", "hardlink", 0, "etc/hosts"],
      ["bin", "symlink", 0, "usr/bin"],
    ],
  );
  assertEquals(second.entries[1], {
    path: "big",
    type: "file",
    size: 500_000,
    mode: 0o644,
    uid: 65532,
    gid: 0,
    mtime: 0,
    link: undefined,
    device: undefined,
    capabilities: undefined,
    sha256: sha256(bytesOf("0123456789".repeat(50_000))),
    found: undefined,
  });
  assertEquals(second.entries[2].sha256, sha256(new Uint8Array(0)));
});

Deno.test("large files are hashed where a layer may copy one, if need be", async () => {
  const large = (letter: string) => letter.repeat(2 ** 20);
  const layers = [
    [{ path: "a", content: large("a") }, { path: "b", content: large("b") }],
    [{ path: "c", content: large("c") + "c" }, { path: "d", content: "d" }],
  ];
  const copies = [...layers, [{ path: "e", content: large("b") }]];
  const hashed = async (layers: TarEntry[][], isFile: boolean) => {
    const bytes = makeDockerArchive({ ...SPEC, history: [], layers });
    await using here = await folder({ "image.tar": bytes });
    const image = await readImage(
      isFile
        ? { reference: "test", path: `${here.path}/image.tar` }
        : sourceOf(bytes),
      { sparesDigests: true },
    );
    return image.layers.flatMap(({ entries }) => entries)
      .flatMap(({ path, sha256 }) => sha256 === undefined ? [] : path);
  };
  assertEquals(await hashed(layers, true), ["d"]);
  assertEquals(await hashed(copies, true), ["a", "b", "d", "e"]);
  assertEquals(await hashed(layers, false), ["a", "b", "c", "d"]);
});

for (const [form, bytes] of Object.entries(forms)) {
  Deno.test(`readImage() finds the same in every form: ${form}`, async () => {
    const expected = core(await readImage(sourceOf(forms["docker-archive"])));
    assertEquals(core(await readImage(sourceOf(bytes))), expected);
    assertEquals(core(await readImage(sourceOf(bytes, 700))), expected);
    for (const outer of ["gzip", "zstd"] as const) {
      const packed = sourceOf(compress(bytes, outer), 5000);
      assertEquals(core(await readImage(packed)), expected, outer);
    }
  });
}

for (const compression of ["none", "gzip", "zstd"] as Compression[]) {
  Deno.test(`readImage() reads an OCI layout folder, ${compression}`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const spec = { ...SPEC, compression };
      await writeFolder(folder, ociFiles(spec));
      const image = await readImage({ reference: "test", path: folder });
      const archive = await readImage(sourceOf(makeOciArchive(spec)));
      assertEquals(image, archive);
      assert(image.layers.every((layer) => layer.compression === compression));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("readImage() reads a file, and one that is a folder of docker's", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/image.tar`;
    await Deno.writeFile(path, forms["docker-archive"]);
    const expected = await readImage(sourceOf(forms["docker-archive"]));
    assertEquals(await readImage({ reference: "test", path }), expected);
    await writeFolder(`${folder}/unpacked`, dockerFiles(SPEC));
    assertEquals(
      await readImage({ reference: "test", path: `${folder}/unpacked` }),
      expected,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("readImage() follows docker's links between equal layers", async () => {
  const [layer] = LAYERS;
  const archive = makeDockerArchive({ layers: [layer, layer, layer] });
  const image = await readImage(sourceOf(archive));
  assertEquals(image.layers.map(({ entries }) => entries.length), [5, 5, 5]);
  assertEquals(new Set(image.layers.map(({ blob }) => blob)).size, 1);
});

Deno.test("readImage() reads an image without layers or config", async () => {
  for (const make of [makeDockerArchive, makeOciArchive]) {
    const image = await readImage(sourceOf(make({ layers: [] })));
    assertEquals(image.layers, []);
    assertEquals(image.config.user, "");
  }
});

Deno.test("readImage() reads a layer without entries", async () => {
  for (const compression of ["none", "gzip", "zstd"] as Compression[]) {
    const archive = makeOciArchive({ layers: [[]], compression });
    const [layer] = (await readImage(sourceOf(archive))).layers;
    assertEquals(layer.entries, []);
    assertEquals(layer.compression, compression);
  }
});

Deno.test("readImage() reads layers of several gzip members and zstd frames", async () => {
  const tar = makeTar(LAYERS[1]);
  for (const by of ["gzip", "zstd"] as const) {
    const files: Files = new Map();
    const half = 100_000;
    const blob = new Uint8Array([
      ...compress(tar.subarray(0, half), by),
      ...compress(tar.subarray(half), by),
    ]);
    const descriptor = addImage(files, {
      layers: [blob],
      document: {
        rootfs: { type: "layers", diff_ids: [`sha256:${sha256(tar)}`] },
      },
    });
    const archive = archiveOf(finishLayout(files, [descriptor]));
    const [layer] = (await readImage(sourceOf(archive))).layers;
    assertEquals(layer.diffId, `sha256:${sha256(tar)}`);
    assertEquals(layer.entries.length, 3);
  }
});

Deno.test("readImage() gives a probe the content of the files it chose", async () => {
  const archive = forms["OCI archive, gzip layers"];
  const asked: string[] = [];
  const image = await readImage(sourceOf(archive, 1000), {
    probe: (entry) => {
      asked.push(entry.path);
      if (entry.path === "etc/hosts") return undefined;
      let bytes = 0;
      return {
        write: (chunk) => {
          bytes += chunk.length;
        },
        end: () => ({ bytes }),
      };
    },
  });
  assertEquals(asked, ["etc/hosts", "etc/.wh.hosts", "big", "empty"]);
  assertEquals(
    image.layers.flatMap(({ entries }) => entries)
      .filter(({ found }) => found !== undefined)
      .map(({ path, found }) => [path, found]),
    [
      ["etc/.wh.hosts", { bytes: 0 }],
      ["big", { bytes: 500_000 }],
      ["empty", { bytes: 0 }],
    ],
  );
});

Deno.test("readImage() does not hide what a probe throws", async () => {
  for (const form of ["docker-archive", "OCI archive, zstd layers"]) {
    const thrown = await readImage(sourceOf(forms[form]), {
      probe: () => ({
        write: () => {
          throw new RangeError("bug");
        },
        end: () => {},
      }),
    }).then(() => undefined, (error) => error);
    assert(thrown instanceof RangeError, form);
  }
});

// aquasecurity/trivy#3080: an archive packed again with `tar -cf x.tar .`
Deno.test("readImage() reads an archive whose names begin with ./", async () => {
  const files = [...ociFiles({ layers: [[{ path: "a" }]] })];
  const archive = makeTar([
    { path: "./", type: "directory" },
    { path: "./blobs", type: "directory" },
    ...files.map(([path, content]) => ({ path: `./${path}`, content })),
  ]);
  const image = await readImage(sourceOf(archive));
  assertEquals(image.layers[0].entries.map(({ path }) => path), ["a"]);
});
