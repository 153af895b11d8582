import { assertEquals, assertRejects } from "@std/assert";
import { UserError } from "../lib/errors.ts";
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
    (await readImage(sourceOf(archive), { platform })).architecture;
  assertEquals(await read(), host);
  assertEquals(await read(`linux/${other}`), other);
  assertEquals(await read("riscv64"), "riscv64");
});

Deno.test("readImage() lists what is there when the platform is not", async () => {
  const archive = nested([image("s390x", "app:1"), image("riscv64")]);
  const missing = await assertRejects(
    () => readImage(sourceOf(archive), { platform: "linux/arm/v7" }),
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
