import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { instruction } from "./image_documents.ts";
import { UserError } from "../lib/errors.ts";
import { findArchive } from "./open_source.ts";
import { readImage } from "./read_image.ts";
import {
  addBlob,
  addImage,
  archiveOf,
  type Descriptor,
  type Files,
  finishLayout,
  type ImageSpec,
  json,
  makeDockerArchive,
  makeOciArchive,
  ociFiles,
  skopeoFiles,
  sourceOf,
  writeFolder,
} from "../../testing/archive.ts";

Deno.test("instruction() finds the line of the Dockerfile in what builders note", () => {
  const cases: [string, string][] = [
    ["", ""],
    ["COPY /app/hello /hello # buildkit", "COPY /app/hello /hello"],
    [
      "RUN /bin/sh -c apt-get update   && true # buildkit",
      "RUN apt-get update && true",
    ],
    ["RUN |2 A=1 B=x y /bin/sh -c make # buildkit", "RUN make"],
    ["RUN |1 A=1 /bin/ash -eo pipefail -c make", "RUN make"],
    ["RUN |1 A=1 /usr/bin/zsh -ec make", "RUN make"],
    ["RUN |2 A=1 B=2 /usr/bin/deno compile", "RUN /usr/bin/deno compile"],
    ["|1 A=1 /bin/sh -c make all", "RUN make all"],
    ["/bin/ash -eo pipefail -c #(nop)  ENV A=1", "ENV A=1"],
    ["/bin/sh -c #(nop)  USER nobody", "USER nobody"],
    ["/bin/sh -c #(nop) COPY file:abc in /hello ", "COPY file:abc in /hello"],
    [
      `/bin/sh -c #(nop) COPY file:${"0a".repeat(32)} in /hello `,
      "COPY file:0a0a0a0a0a0a in /hello",
    ],
    ["/bin/sh -c useradd deno", "RUN useradd deno"],
    ["/bin/bash -c set -e", "RUN set -e"],
    ["RUN /usr/bin/deno compile", "RUN /usr/bin/deno compile"],
    ["RUN /bin/sh -c cat <<EOF\n\tx\nEOF", "RUN cat <<EOF x EOF"],
    ["bazel build ...", "bazel build ..."],
  ];
  for (const [line, expected] of cases) {
    assertEquals(instruction(line), expected);
  }
});

Deno.test("instruction() takes time in step with a hostile line", () => {
  for (
    const part of ["/", "/sh ", "/sh -", "A=", "/sh a ", "|1 A=/bin/sh", "a/"]
  ) {
    const line = `RUN |1 A=${part.repeat(1_000_000 / part.length)}`;
    assertEquals(instruction(line).startsWith("RUN"), true);
  }
});

const SPEC: ImageSpec = {
  layers: [[{ path: "a", content: "hello" }], [{ path: "b" }]],
  architecture: "s390x",
};

const read = async (files: Files) => {
  const image = await readImage(sourceOf(archiveOf(files)));
  return image.layers.map(({ entries }) => entries.map(({ path }) => path));
};
const fails = (files: Files) =>
  assertRejects(() => readImage(sourceOf(archiveOf(files))), UserError);

/** Both descriptions of an image, as Docker writes them since 25. */
function docker25(tags: string[] | null = ["shop/web:2.0"]) {
  const files: Files = new Map();
  const descriptor = addImage(files, SPEC);
  const manifest = JSON.parse(
    new TextDecoder().decode(files.get(pathOf(descriptor)) as Uint8Array),
  );
  const item = {
    Config: pathOf(manifest.config),
    RepoTags: tags,
    Layers: manifest.layers.map(pathOf),
  };
  return { files, descriptor, manifest, item };
}
const pathOf = ({ digest }: { digest: string }) =>
  `blobs/${digest.replace(":", "/")}`;

// moby/moby#47210: `docker save NAME@DIGEST` of 25.0. `docker load` reads it.
Deno.test("readImage() asks manifest.json where the index has no manifests", async () => {
  for (const manifests of [null, []]) {
    const { files, item } = docker25(null);
    files.set("index.json", json({ schemaVersion: 2, manifests }));
    files.set("manifest.json", json([item]));
    assertEquals(await read(files), [["a"], ["b"]]);
  }
});

// moby/moby#47065: 25.0 wrote `layers: null` for images it had not built itself.
Deno.test("readImage() asks manifest.json where the manifest has no layers", async () => {
  const { files, descriptor, manifest, item } = docker25();
  files.delete(pathOf(descriptor));
  const empty = addBlob(files, json({ ...manifest, layers: null }));
  finishLayout(files, [empty]);
  const error = await fails(files);
  assertMatch(error.message, /manifest lists 0 layers and its config 2$/);
  files.set("manifest.json", json([item]));
  assertEquals(await read(files), [["a"], ["b"]]);
});

// moby/moby#51389: of two images saved by digest the index lists one.
Deno.test("readImage() finds an image that only manifest.json lists", async () => {
  const { files, descriptor, item } = docker25(null);
  const other = addImage(files, { ...SPEC, config: { User: "two" } });
  finishLayout(files, [other]);
  files.set("manifest.json", json([item]));
  const error = await fails(files);
  assertMatch(error.message, /holds 2 images that could be meant/);
  const source = sourceOf(archiveOf(files));
  for (const [id, user] of [[descriptor.digest, ""], [other.digest, "two"]]) {
    // Only the index knows the digest of a manifest.
    const known = user === "" ? item.Config.slice(-64) : id;
    const image = await readImage({ ...source, image: known });
    assertEquals(image.config.user, user);
  }
});

Deno.test("readImage() refuses descriptions that contradict each other", async () => {
  const { files, descriptor, item } = docker25();
  finishLayout(files, [descriptor]);
  files.set("manifest.json", json([item]));
  assertEquals(await read(files), [["a"], ["b"]]);

  const Layers = item.Layers.toReversed();
  files.set("manifest.json", json([{ ...item, Layers }]));
  const layers = await fails(files);
  assertMatch(layers.message, /manifest.json and its index.json list other/);

  const name = { "io.containerd.image.name": "docker.io/shop/web:2.0" };
  const other = addImage(files, { ...SPEC, config: { User: "two" } });
  finishLayout(files, [{ ...other, annotations: name }]);
  files.set("manifest.json", json([item]));
  const names = await fails(files);
  assertMatch(names.message, /disagree: "shop\/web:2.0" is sha256:.* in one/);
});

// Index and manifest as BuildKit's `compression=zstd` beside gzip leaves them.
Deno.test("readImage() takes an image that is there in two compressions once", async () => {
  const files: Files = new Map();
  const gzip = addImage(files, { ...SPEC, compression: "gzip" });
  const zstd = addImage(files, { ...SPEC, compression: "zstd" });
  finishLayout(files, [gzip, zstd]);
  assertEquals(await read(files), [["a"], ["b"]]);
});

// The format is that of skopeo's and podman's `dir:` transport.
Deno.test("readImage() reads a folder that skopeo wrote with dir:", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const host = Deno.build.arch === "x86_64" ? "amd64" : "arm64";
    await writeFolder(`${folder}/one`, skopeoFiles(SPEC));
    await writeFolder(
      `${folder}/all`,
      skopeoFiles([SPEC, { ...SPEC, architecture: host }]),
    );
    const source = { reference: "dir" };
    const one = await readImage({ ...source, path: `${folder}/one` });
    assertEquals([one.architecture, one.layers.length], ["s390x", 2]);
    const all = { ...source, path: `${folder}/all` };
    assertEquals((await readImage(all)).architecture, host);
    const other = await readImage({ ...all, platform: "linux/s390x" });
    assertEquals(other.id, one.id);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

// image-spec, layer.md: layers with `urls` need not be in a layout.
Deno.test("readImage() names a layer that is kept elsewhere, and where", async () => {
  const { files, descriptor, manifest, item } = docker25();
  files.delete(pathOf(descriptor));
  const url = "https://mirror.example/layer";
  const [first, second] = manifest.layers;
  const foreign = { ...second, urls: [url] };
  const blob = addBlob(files, json({ ...manifest, layers: [first, foreign] }));
  finishLayout(files, [blob]);
  assertEquals(await read(files), [["a"], ["b"]], "it may be there");
  files.delete(pathOf(second));
  const error = await fails(files);
  assertMatch(error.message, new RegExp(`lacks the blob .*${url}$`));
  assertMatch(error.next, /has pulled/);

  const docker: Files = new Map(files);
  docker.delete("index.json");
  const config = JSON.parse(
    new TextDecoder().decode(docker.get(item.Config) as Uint8Array),
  );
  const LayerSources = { [config.rootfs.diff_ids[1]]: { urls: [url] } };
  docker.set("manifest.json", json([{ ...item, LayerSources }]));
  assertMatch((await fails(docker)).message, new RegExp(`${url}$`));
});

Deno.test("readImage() says that digests by SHA-512 are not read", async () => {
  const digest = `sha512:${"a".repeat(128)}`;
  const error = await fails(finishLayout(new Map(), [{ digest, size: 1 }]));
  assertMatch(error.message, /its digests are not SHA-256, as in "sha512:a+"$/);
  assertMatch(error.next, /SHA-256/);
});

Deno.test("readImage() says that an image is for Windows", async () => {
  const document = { os: "windows" };
  const error = await fails(ociFiles({ ...SPEC, document }));
  assertMatch(error.message, /it is a Windows image \(windows\/s390x\)$/);
  assertMatch(error.next, /Linux image/);
});

// quay/quay#5724, buildpacks/imgutil#202: what squashes or rebases an image
// leaves a history of other layers, of which no line can be told to be whose.
Deno.test("readImage() attributes no instruction where history and layers differ", async () => {
  const line = { created_by: "COPY a" };
  const empty = { created_by: "ENV a=b", empty_layer: true };
  const cases: [unknown, string[]][] = [
    [[line, empty, line], ["COPY a", "COPY a"]],
    [[line, empty], ["", ""]],
    [[line, line, line], ["", ""]],
    [[], ["", ""]],
    [null, ["", ""]],
  ];
  for (const [history, expected] of cases) {
    const files = ociFiles({ ...SPEC, document: { history } });
    const image = await readImage(sourceOf(archiveOf(files)));
    assertEquals(image.layers.map((layer) => layer.instruction), expected);
  }
});

// Docker leaves `diff_ids` out of the config of an image without layers.
Deno.test("readImage() reads an image that has no layers", async () => {
  for (const diffs of [{}, { diff_ids: null }, { diff_ids: [] }]) {
    const document = { rootfs: { type: "layers", ...diffs } };
    assertEquals(await read(ociFiles({ layers: [], document })), []);
  }
});

Deno.test("readImage() blames no blob for a config that means another layer", async () => {
  const diffIds = SPEC.layers.map((_, n) => `sha256:${`${n}`.repeat(64)}`);
  const document = { rootfs: { type: "layers", diff_ids: diffIds } };
  for (const compression of ["none", "gzip"] as const) {
    const error = await fails(ociFiles({ ...SPEC, compression, document }));
    assertMatch(
      error.message,
      /layer ".*" is not the one that its config means: its diff ID is sha256:\w+, not sha256:0+$/,
    );
  }
});

const other = Deno.build.arch === "x86_64" ? "arm64" : "amd64";
const host = Deno.build.arch === "x86_64" ? "amd64" : "arm64";
const image = (architecture: string, tag?: string): ImageSpec => ({
  layers: [[{ path: architecture }]],
  architecture,
  ...(tag === undefined ? {} : { tags: [tag] }),
});

/** An archive whose index.json leads to an index of images. */
function nested(
  specs: ImageSpec[],
  more: (files: Files) => Descriptor[] = () => [],
): Uint8Array {
  const files: Files = new Map();
  const manifests = specs.map((spec) => addImage(files, spec));
  const index = addBlob(
    files,
    json({ schemaVersion: 2, manifests: [...manifests, ...more(files)] }),
  );
  return archiveOf(finishLayout(files, [index]));
}

Deno.test("readImage() takes the only image, whatever it runs on", async () => {
  const archive = nested([image("s390x")]);
  assertEquals((await readImage(sourceOf(archive))).architecture, "s390x");
});

Deno.test("readImage() takes what runs on this machine, else what is asked for", async () => {
  const archive = nested([image(other), image(host), image("riscv64")]);
  const read = async (platform?: string) =>
    (await readImage({
      ...sourceOf(archive),
      ...(platform === undefined ? {} : { platform }),
    })).architecture;
  assertEquals(await read(), host);
  assertEquals(await read(`linux/${other}`), other);
  assertEquals(await read("riscv64"), "riscv64");
});

Deno.test("readImage() lists what is there when the platform is not", async () => {
  const archive = nested([image("s390x", "app:1"), image("riscv64")]);
  const missing = await assertRejects(
    () => readImage({ ...sourceOf(archive), platform: "linux/arm/v7" }),
    UserError,
    'Cannot read image "test": it holds no image for linux/arm/v7',
  );
  assertEquals(
    missing.next.replace(/sha256:[0-9a-f]+/, "ID"),
    "Choose one of: app:1 (linux/s390x), ID (linux/riscv64)",
  );
  await assertRejects(
    () => readImage(sourceOf(archive)),
    UserError,
    "it holds 2 images that could be meant: app:1 (linux/s390x)",
  );
});

Deno.test("readImage() takes the image of that name from several", async () => {
  const specs = [image(host, "one:1"), {
    ...image(host, "two:2"),
    config: { User: "two" },
  }];
  for (const archive of [makeDockerArchive(specs), makeOciArchive(specs)]) {
    const source = { ...sourceOf(archive), reference: "two:2" };
    assertEquals((await readImage(source)).config.user, "two");
    await assertRejects(
      () => readImage(sourceOf(archive)),
      UserError,
      "it holds 2 images that could be meant: one:1",
    );
  }
});

Deno.test("readImage() ignores attestations and artifacts", async () => {
  const archive = nested([image("s390x")], (files) => [
    {
      ...addImage(files, { layers: [[{ path: "statement" }]] }),
      platform: { os: "unknown", architecture: "unknown" },
    },
    {
      ...addImage(files, { layers: [[{ path: "sbom" }]] }),
      annotations: { "vnd.docker.reference.type": "attestation-manifest" },
    },
    addBlob(
      files,
      json({
        config: {
          mediaType: "application/vnd.cncf.helm.config.v1+json",
          ...addBlob(files, json({ name: "chart" })),
        },
        layers: [],
      }),
    ),
  ]);
  assertEquals((await readImage(sourceOf(archive))).architecture, "s390x");
});

Deno.test("readImage() takes what is there of an index whose other images are not", async () => {
  const elsewhere = (architecture: string): Descriptor => ({
    digest: `sha256:${"0".repeat(64)}`,
    size: 1,
    platform: { os: "linux", architecture },
  });
  const archive = nested([image("s390x")], () => [elsewhere("ppc64le")]);
  assertEquals((await readImage(sourceOf(archive))).architecture, "s390x");
  await assertRejects(
    () => readImage(sourceOf(nested([], () => [elsewhere("ppc64le")]))),
    UserError,
    `it lacks the blob "blobs/sha256/${"0".repeat(64)}" (linux/ppc64le)`,
  );
});

Deno.test("readImage() takes the image of an archive that is named", async () => {
  const specs = [image(host, "shop/api:1.4"), {
    ...image(host, "docker.io/shop/web:2.0"),
    config: { User: "web" },
  }];
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/shop.tar`;
    await Deno.writeFile(path, makeDockerArchive(specs));
    const { id } = await readImage({ reference: path, path, image: "2.0" });
    const read = async (reference: string) => {
      const found = await findArchive(reference);
      return await readImage({ reference, ...found ?? { path: "none" } });
    };
    // As containers-transports(5) writes it, and by digest.
    for (
      const name of [
        "shop/web:2.0",
        "docker.io/shop/web:2.0",
        id,
        id.slice(7, 20),
      ]
    ) {
      assertEquals((await read(`${path}:${name}`)).config.user, "web", name);
      const transport = `docker-archive:${path}:${name}`;
      assertEquals((await read(transport)).config.user, "web", transport);
    }
    // rancher/rke2#2732: by place, where there are no names.
    assertEquals((await read(`${path}:@1`)).config.user, "web");
    await assertRejects(() => read(`${path}:@2`), UserError, 'named "@2"');
    const error = await assertRejects(
      () => read(`${path}:shop/web:3.0`),
      UserError,
      'it holds no image named "shop/web:3.0"',
    );
    assertMatch(error.next, /^Choose one of: shop\/api:1.4 \(linux\//);
    const several = await assertRejects(() => read(path), UserError);
    assertEquals(several.next, `Name one, as in: ${path}:shop/api:1.4`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

// containers/skopeo#1136: `docker buildx build -t one -t two` lists the image twice.
Deno.test("readImage() takes an image by each of its names", async () => {
  const files: Files = new Map();
  const name = "org.opencontainers.image.ref.name";
  const manifest = addImage(files, image("s390x"));
  const names = ["demo:one", "demo:two"];
  finishLayout(
    files,
    names.map((tag) => ({ ...manifest, annotations: { [name]: tag } })),
  );
  const source = sourceOf(archiveOf(files));
  for (const tag of [undefined, ...names]) {
    const asked = tag === undefined ? source : { ...source, image: tag };
    assertEquals((await readImage(asked)).architecture, "s390x");
  }
});

Deno.test("findArchive() leaves names of images to the engine", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/b:1.tar`, "");
    assertEquals(await findArchive(`${folder}/c.tar:web:1`), undefined);
    for (
      const [text, image] of [["", undefined], [":", undefined], [":x", "x"]]
    ) {
      const path = `${folder}/b:1.tar`;
      const expected = image === undefined ? { path } : { path, image };
      assertEquals(await findArchive(`${path}${text}`), expected);
    }
    // A folder, or a program, that is called like an image.
    const here = [...Deno.readDirSync(".")].map(({ name }) => name)
      .filter((name) => /^\w+$/.test(name));
    assertEquals(await findArchive(`${here[0]}:1`), undefined);
    assertEquals(await findArchive(`./${here[0]}:1`), {
      path: `./${here[0]}`,
      image: "1",
    });
    assertEquals(await findArchive(`oci:${here[0]}:1`), {
      path: here[0],
      image: "1",
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

// moby/moby#44833 and kubernetes-sigs/kind#3795: `docker save` writes the index of
// all platforms, and the blobs of those that were pulled.
Deno.test("readImage() needs no blob of a platform that is not asked for", async () => {
  const specs = [image(host), image(other)];
  const whole = ociFiles(specs);
  const blobs = [...whole.keys()].filter((path) => path.startsWith("blobs/"));
  const shared = new Set(ociFiles(specs[0]).keys());
  const absent = blobs.filter((path) => !shared.has(path));
  assertEquals(absent.length, 3, "layer, config and manifest");
  for (let count = 1; count <= absent.length; count++) {
    const files = new Map(whole);
    for (const path of absent.slice(-count)) files.delete(path);
    const source = sourceOf(archiveOf(files));
    assertEquals((await readImage(source)).architecture, host);
    await assertRejects(
      () => readImage({ ...source, platform: other }),
      UserError,
      "it lacks the blob",
    );
  }
  // docker/cli#5476: what was pulled is not what this machine runs.
  const files = new Map(whole);
  for (const path of blobs) {
    if (shared.has(path) && path !== blobs[2]) files.delete(path);
  }
  const source = sourceOf(archiveOf(files));
  assertEquals((await readImage(source)).architecture, other);
});
