/** What readImage() makes of input that is broken, or made to break it. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { UserError } from "../lib/errors.ts";
import { LARGEST_DOCUMENT } from "./blob_reader.ts";
import type { Bounds } from "./limits.ts";
import { readImage } from "./read_image.ts";
import {
  addBlob,
  addImage,
  archiveOf,
  compress,
  dockerFiles,
  type Files,
  finishLayout,
  json,
  makeDockerArchive,
  makeOciArchive,
  ociFiles,
  sourceOf,
  writeFolder,
} from "../../testing/archive.ts";
import { bytesOf, join, makeTar, type TarEntry } from "../../testing/tar.ts";

const LAYER: TarEntry[] = [{ path: "a", content: "hello" }];
const DOCKER = () => dockerFiles({ layers: [LAYER] });
const OCI = () => ociFiles({ layers: [LAYER], compression: "gzip" });

async function messageFor(
  archive: Uint8Array,
  bounds?: Partial<Bounds>,
): Promise<string> {
  const error = await assertRejects(
    () => readImage(sourceOf(archive), { bounds }),
    UserError,
  );
  assertMatch(error.next, /./);
  return error.message;
}

/** The path of the only file that a pattern fits. */
function pathIn(files: Files, pattern: RegExp): string {
  const [path] = [...files.keys()].filter((each) => pattern.test(each));
  return path;
}

/** Files with one of them changed. */
function change(
  files: Files,
  path: string,
  edit: (bytes: Uint8Array) => Uint8Array,
): Files {
  const content = files.get(path);
  if (!(content instanceof Uint8Array)) throw new Error(`no file ${path}`);
  return files.set(path, edit(content.slice()));
}
const flip = (index: number) => (bytes: Uint8Array) => {
  bytes[index] ^= 1;
  return bytes;
};
const without = (files: Files, path: string) => {
  files.delete(path);
  return files;
};

const NOT = '"test" is not an image archive: ';
const CANNOT = 'Cannot read image "test": ';

Deno.test("readImage() says what is no image archive", async () => {
  assertEquals(await messageFor(new Uint8Array(0)), `${NOT}it is empty`);
  const text = `${NOT}it is neither a tar nor compressed`;
  assertEquals(await messageFor(bytesOf("hello")), text);
  assertEquals(await messageFor(bytesOf("hello ".repeat(500))), text);
  assertEquals(
    await messageFor(makeTar([{ path: "readme" }])),
    `${NOT}it has neither manifest.json nor index.json but "readme"`,
  );
  assertEquals(
    await messageFor(compress(bytesOf("hello ".repeat(500)), "gzip")),
    `${CANNOT}a tar header is damaged: its checksum is wrong`,
  );
});

Deno.test("readImage() knows a root file system when it sees one", async () => {
  const tar = makeTar(
    ["bin", "etc", "lib", "usr", "var", "root"].map((path) => ({
      path: `./${path}`,
      type: "directory",
    })),
  );
  const error = await assertRejects(() => readImage(sourceOf(tar)), UserError);
  assertEquals(
    error.message,
    `${NOT}it has neither manifest.json nor index.json but "bin", "etc", "lib", "usr", "var", …`,
  );
  assertMatch(error.next, /docker import/);
});

Deno.test("readImage() says what is wrong with a path", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const read = (path: string) => () => readImage({ reference: path, path });
    await assertRejects(read(`${folder}/no`), UserError, "Cannot find");
    await assertRejects(
      read(folder),
      UserError,
      "is not an image archive: it has neither manifest.json nor index.json, it is empty",
    );
    await Deno.symlink("loop", `${folder}/index.json`);
    await Deno.symlink("index.json", `${folder}/loop`);
    await assertRejects(read(folder), UserError, "leads in a circle");
    await Deno.remove(`${folder}/index.json`);
    await Deno.symlink("/etc/hostname", `${folder}/index.json`);
    await assertRejects(read(folder), UserError, "leads out of the folder");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("readImage() names the blob whose digest is wrong", async () => {
  const cases: [Files, RegExp][] = [];
  for (const pattern of [/layer\.tar$/, /[0-9a-f]{64}\.json$/]) {
    const files = DOCKER();
    cases.push([change(files, pathIn(files, pattern), flip(20)), pattern]);
  }
  for (const path of [...OCI().keys()].filter((each) => each.includes("/"))) {
    cases.push([change(OCI(), path, flip(30)), new RegExp(path)]);
  }
  assertEquals(cases.length, 5);
  for (const [files, pattern] of cases) {
    const message = await messageFor(archiveOf(files));
    const [, path, rest] = /blob "(.*)" is damaged: (.*)$/.exec(message) ?? [];
    assertMatch(path, pattern);
    assertMatch(rest, /^its digest is sha256:\w{64}, not sha256:\w{64}$/);
  }
});

Deno.test("readImage() blames the blob that a link leads to, not the link", async () => {
  const files = DOCKER();
  const layer = pathIn(files, /layer\.tar$/);
  const blob = change(files, layer, flip(20)).get(layer) ?? "";
  files.set(layer, "../real/layer.tar").set("real/layer.tar", blob);
  assertMatch(
    await messageFor(archiveOf(files)),
    /blob "real\/layer\.tar" is damaged: its digest is sha256:\w{64}, not /,
  );
});

Deno.test("readImage() names the blob that is missing", async () => {
  for (const make of [DOCKER, OCI]) {
    const paths = [...make().keys()].filter((path) =>
      !["manifest.json", "index.json", "oci-layout"].includes(path)
    );
    for (const path of paths) {
      const message = await messageFor(archiveOf(without(make(), path)));
      assertEquals(
        message.startsWith(`${CANNOT}it lacks the blob "${path}"`),
        true,
      );
    }
  }
});

Deno.test("readImage() refuses archives that are cut off", async () => {
  const archive = makeOciArchive({
    layers: [[{ path: "a", content: "x".repeat(5000) }]],
  });
  assertEquals(
    await messageFor(archive.subarray(0, 3000)),
    `${CANNOT}it is cut off`,
  );
  for (const by of ["gzip", "zstd"] as const) {
    const packed = compress(archive, by);
    assertEquals(
      await messageFor(packed.subarray(0, packed.length - 20)),
      `${CANNOT}its ${by} stream is cut off`,
    );
  }
});

Deno.test("readImage() refuses a layer that is cut off with all digests right", async () => {
  const tar = makeTar([{ path: "a", content: "x".repeat(5000) }]);
  const archive = makeDockerArchive({ layers: [tar.subarray(0, 1024)] });
  assertMatch(
    await messageFor(archive),
    /layer ".*\/layer\.tar" cannot be read: it is cut off$/,
  );
  for (const by of ["gzip", "zstd"] as const) {
    const files: Files = new Map();
    const cut = compress(tar, by).subarray(0, -12);
    const image = addImage(files, { layers: [cut] });
    assertMatch(
      await messageFor(archiveOf(finishLayout(files, [image]))),
      new RegExp(`cannot be read: its ${by} stream is cut off$`),
    );
  }
});

Deno.test("readImage() refuses names that leave the image, and says which", async () => {
  const archive = (path: string) =>
    makeDockerArchive({ layers: [[{ path }]] }, "buildah");
  assertMatch(
    await messageFor(archive("a/../../etc/passwd")),
    /layer "[0-9a-f]{64}\.tar" cannot be read: a name leaves the image: "a\/\.\.\/\.\.\/etc\/passwd"$/,
  );
  const image = await readImage(sourceOf(archive("/etc/x\x1b[2J\r\n")));
  assertEquals(image.layers[0].entries[0].path, "etc/x\x1b[2J\r\n");
});

Deno.test("readImage() follows no circle of links", async () => {
  const files = DOCKER();
  const layer = pathIn(files, /layer\.tar$/);
  files.set(layer, "../b/layer.tar").set("b/layer.tar", `../${layer}`);
  assertEquals(
    await messageFor(archiveOf(files)),
    `${CANNOT}its link "${layer}" leads in a circle`,
  );
  files.set(layer, "../../../etc/passwd");
  assertEquals(
    await messageFor(archiveOf(files)),
    `${CANNOT}it lacks the blob "${layer}" (linux/amd64)`,
  );
});

Deno.test("readImage() follows indexes only so far", async () => {
  const files: Files = new Map();
  let descriptor = addImage(files, { layers: [] });
  for (let depth = 0; depth < 20; depth++) {
    descriptor = addBlob(files, json({ manifests: [descriptor] }));
  }
  assertEquals(
    await messageFor(archiveOf(finishLayout(files, [descriptor]))),
    `${CANNOT}its indexes are nested without end`,
  );
});

Deno.test("readImage() keeps a gzip bomb within bounds", async () => {
  const bounds = { expandedBytes: 2 ** 20, expansion: 100 };
  const zeros = new Uint8Array(2 ** 22);
  const bomb = (blob: Uint8Array) => {
    const files: Files = new Map();
    const image = addImage(files, { layers: [blob] });
    return archiveOf(finishLayout(files, [image]));
  };
  const expected = /it decompresses to more than 100 times its size$/;
  for (const by of ["gzip", "zstd"] as const) {
    assertMatch(await messageFor(bomb(compress(zeros, by)), bounds), expected);
    assertMatch(await messageFor(compress(zeros, by), bounds), expected);
  }
  const twice = compress(bomb(compress(zeros, "gzip")), "gzip");
  assertMatch(await messageFor(twice, bounds), expected);
});

Deno.test("readImage() bounds what is kept: entries, names and documents", async () => {
  const entries = Array.from({ length: 50 }, (_, index) => ({
    path: `${index}${"x".repeat(50)}`,
  }));
  const archive = makeDockerArchive({ layers: [entries] });
  assertMatch(
    await messageFor(archive, { entries: 49 }),
    /the image has more than 49 entries$/,
  );
  assertMatch(
    await messageFor(archive, { nameLength: 2000 }),
    /names in the image are longer than 2000 characters together$/,
  );
  assertEquals(
    (await readImage(sourceOf(archive))).layers[0].entries.length,
    50,
  );
  const files = DOCKER();
  files.set("manifest.json", bytesOf(`[${" ".repeat(LARGEST_DOCUMENT)}]`));
  assertEquals(
    await messageFor(archiveOf(files)),
    `${CANNOT}"manifest.json" is longer than ${LARGEST_DOCUMENT} bytes`,
  );
});

Deno.test("readImage() takes JSON of any shape for what it is", async () => {
  const documents = [
    "[",
    "{}",
    "null",
    "[null]",
    "[[]]",
    '[{"Config":7,"Layers":"x"}]',
    '[{"Config":"../x","Layers":[]}]',
    `${"[".repeat(1e6)}`,
    `${"[".repeat(1e6)}${"]".repeat(1e6)}`,
    `${'{"manifests":['.repeat(1e5)}${"]}".repeat(1e5)}`,
    "\ufeff[]",
    '{"manifests":[{"digest":"sha512:00"}]}',
    '{"manifests":[{"digest":"sha256:../../../etc/passwd"}]}',
    '{"manifests":{"length":1e9}}',
    '{"__proto__":{"manifests":[1]}}',
  ];
  for (const document of documents) {
    for (const name of ["manifest.json", "index.json"]) {
      const archive = makeTar([{ path: name, content: document }]);
      assertMatch(await messageFor(archive), /^Cannot read image "test": ./);
    }
  }
});

Deno.test("readImage() takes configs of any shape", async () => {
  const layers = [LAYER];
  for (
    const document of [
      { config: null, history: null },
      { config: { Env: 5, Labels: ["a"], Cmd: "one", User: {} }, os: 1 },
      { history: [null, 5, { created_by: 7 }] },
    ]
  ) {
    const image = await readImage(
      sourceOf(makeOciArchive({ layers, document })),
    );
    assertEquals(image.config.env, []);
    assertEquals(image.layers.length, 1);
  }
  for (const rootfs of [undefined, { diff_ids: 5 }, { diff_ids: [] }]) {
    const document = { rootfs };
    assertMatch(
      await messageFor(makeOciArchive({ layers, document })),
      /is not the config of an image$|lists 1 layers and its config 0$/,
    );
  }
});

Deno.test("readImage() reads 100,000 files", async () => {
  const entries = Array.from({ length: 100_000 }, (_, index) => ({
    path: `folder-${index % 100}/file-${index}`,
  }));
  const archive = makeDockerArchive({ layers: [entries] });
  const image = await readImage(sourceOf(archive));
  assertEquals(image.layers[0].entries.length, 100_000);
});

Deno.test("readImage() stops when it is told to, and cancels the stream", async () => {
  const controller = new AbortController();
  const reason = new Error("stop");
  let cancelled: unknown;
  const header = makeTar([{ path: "a", content: "x" }]).subarray(0, 512);
  const endless = new ReadableStream<Uint8Array>({
    pull(stream) {
      stream.enqueue(header.slice());
      stream.enqueue(new Uint8Array(512));
    },
    cancel(why) {
      cancelled = why;
    },
  });
  setTimeout(() => controller.abort(reason), 1);
  const error = await readImage({ reference: "test", open: () => endless }, {
    signal: controller.signal,
  }).catch((thrown) => thrown);
  assertEquals([error, cancelled], [reason, reason]);
});

Deno.test("readImage() stops in the middle of a chunk that grows without end", async () => {
  const controller = new AbortController();
  const reason = new Error("stop");
  for (const by of ["gzip", "zstd"] as const) {
    const zeros = compress(new Uint8Array(2 ** 26), by);
    const archive = Array.from({ length: 40 }, () => zeros);
    setTimeout(() => controller.abort(reason), 1);
    let hashed = 0;
    const error = await readImage(
      sourceOf(makeOciArchive({ layers: [join(archive)] }), 2 ** 24),
      {
        signal: controller.signal,
        probe: () => {
          hashed++;
          return undefined;
        },
      },
    ).catch((thrown) => thrown);
    assertEquals([error, hashed], [reason, 0]);
  }
});

Deno.test("readImage() stops a stream that is no archive at once", async () => {
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(stream) {
      pulled++;
      stream.enqueue(new Uint8Array(4096).fill(65));
    },
  });
  await assertRejects(
    () => readImage({ reference: "test", open: () => endless }),
    UserError,
    "neither a tar nor compressed",
  );
  assertEquals(pulled < 5, true);
});

Deno.test("readImage() passes on what the stream fails with", async () => {
  const failure = new UserError("No such image: x", { next: "Build it" });
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(failure),
  });
  const source = { reference: "test", open: () => stream };
  assertEquals(await readImage(source).catch((error) => error), failure);
});

Deno.test("readImage() is not misled by a folder of layers that are links out", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const files = OCI();
    const layer = [...files.keys()][1];
    files.set(layer, "/etc/hostname");
    await writeFolder(folder, files);
    await assertRejects(
      () => readImage({ reference: "x", path: folder }),
      UserError,
      `its link "${layer}" leads out of the folder`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
