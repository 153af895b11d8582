import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { UserError } from "../lib/errors.ts";
import { readImage } from "./read_image.ts";
import {
  addBlob,
  addImage,
  archiveOf,
  type Files,
  finishLayout,
  type ImageSpec,
  json,
  ociFiles,
  skopeoFiles,
  sourceOf,
  writeFolder,
} from "../../testing/archive.ts";

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
