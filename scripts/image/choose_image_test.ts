import { assertEquals, assertMatch, assertRejects } from "@std/assert";
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
  sourceOf,
} from "../../testing/archive.ts";

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
