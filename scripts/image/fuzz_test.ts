/** Archives damaged at random: readImage() gives an image or a clear error. */
import fc from "fast-check";
import { UserError } from "../lib/errors.ts";
import { readImage } from "./read_image.ts";
import {
  archiveOf,
  compress,
  type ImageSpec,
  makeDockerArchive,
  makeOciArchive,
  ociFiles,
  sourceOf,
  writeFolder,
} from "../../testing/archive.ts";

const SPEC: ImageSpec = {
  layers: [
    [
      { path: "etc", type: "directory" },
      { path: "etc/passwd", content: "root:x:0:0::/:/bin/sh\n".repeat(40) },
      { path: `${"long/".repeat(30)}name`, content: "pax", mtime: 1.5 },
      { path: `${"gnu/".repeat(30)}name`, content: "gnu", format: "gnu" },
      {
        path: "sparse",
        content: "abcde",
        pax: {
          "GNU.sparse.size": "5000",
          "GNU.sparse.map": "7,3,700,2",
          "SCHILY.xattr.security.capability": new Uint8Array(20),
        },
      },
      {
        path: "GNUSparseFile.0/file",
        content: `${"1\n9\n5\n".padEnd(512, "\0")}abcde`,
        pax: {
          "GNU.sparse.major": "1",
          "GNU.sparse.name": "file",
          "GNU.sparse.realsize": "5000",
        },
      },
    ],
    [{ path: "etc/.wh.passwd" }, { path: "l", type: "symlink", link: "etc" }],
  ],
  config: { User: "1", Env: ["A=1"] },
};

const archives = [
  makeDockerArchive(SPEC),
  makeDockerArchive({ ...SPEC, layers: [...SPEC.layers, SPEC.layers[0]] }),
  makeDockerArchive(SPEC, "buildah"),
  makeOciArchive(SPEC),
  makeOciArchive({ ...SPEC, compression: "gzip" }),
  makeOciArchive({ ...SPEC, compression: "zstd" }),
  compress(makeDockerArchive(SPEC), "gzip"),
  compress(makeDockerArchive(SPEC), "zstd"),
];

/** Where to damage, as a part of the whole, and what with. */
const damage = fc.oneof(
  fc.record({
    kind: fc.constant("flip" as const),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    bits: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({
    kind: fc.constantFrom("cut" as const, "repeat" as const, "remove" as const),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    bits: fc.integer({ min: 1, max: 2000 }),
  }),
);
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function apply(bytes: Uint8Array, { kind, at, bits }: Damage): Uint8Array {
  const index = Math.floor(at * bytes.length);
  if (kind === "cut") return bytes.slice(0, index);
  if (kind === "flip") {
    const copy = bytes.slice();
    copy[index] ^= bits;
    return copy;
  }
  const rest = kind === "repeat" ? index : index + bits;
  const head = bytes.slice(0, kind === "repeat" ? index + bits : index);
  const tail = bytes.slice(rest);
  const result = new Uint8Array(head.length + tail.length);
  result.set(head);
  result.set(tail, head.length);
  return result;
}

async function survives(read: () => Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("hangs")), 20_000);
  });
  try {
    await Promise.race([read(), tooLong]);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  } finally {
    clearTimeout(timer);
  }
}

Deno.test("readImage() resolves or rejects with a UserError, whatever is damaged", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...archives),
      fc.array(damage, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(100, 513, 4096, 1 << 20),
      async (archive, damages, chunkSize) => {
        const bytes = damages.reduce(apply, archive);
        await survives(() => readImage(sourceOf(bytes, chunkSize)));
      },
    ),
    { numRuns: 600, seed: 4 },
  );
});

Deno.test("readImage() survives damage within blobs whose archive is whole", async () => {
  const plain = ociFiles({ ...SPEC, compression: "zstd" });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...plain.keys()),
      damage,
      async (path, how) => {
        const files = new Map(plain);
        const content = files.get(path);
        if (!(content instanceof Uint8Array)) return;
        files.set(path, apply(content, how));
        await survives(() => readImage(sourceOf(archiveOf(files))));
      },
    ),
    { numRuns: 150, seed: 4 },
  );
});

Deno.test("readImage() survives any JSON as a document", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("manifest.json", "index.json"),
      fc.oneof(fc.json(), jsonLike()),
      async (name, text) => {
        const files = new Map([[name, new TextEncoder().encode(text)]]);
        await survives(() => readImage(sourceOf(archiveOf(files))));
      },
    ),
    { numRuns: 150, seed: 4 },
  );
});

/** Documents with the right keys and the wrong values. */
function jsonLike(): fc.Arbitrary<string> {
  const keys = fc.constantFrom(
    ..."Config Layers RepoTags manifests digest platform layers config".split(
      " ",
    ),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom("", "a", "sha256:", "manifest.json", "../..", 1, null),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(keys, tie("value"), { maxKeys: 4 }),
    ),
  }));
  return value.map((each) => JSON.stringify(each));
}

Deno.test("readImage() survives a damaged folder", async () => {
  const plain = ociFiles({ ...SPEC, compression: "gzip" });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...plain.keys()),
      damage,
      async (path, how) => {
        const files = new Map(plain);
        const content = files.get(path);
        if (!(content instanceof Uint8Array)) return;
        files.set(path, apply(content, how));
        const folder = await Deno.makeTempDir();
        try {
          await writeFolder(folder, files);
          await survives(() => readImage({ reference: "x", path: folder }));
        } finally {
          await Deno.remove(folder, { recursive: true });
        }
      },
    ),
    { numRuns: 40, seed: 4 },
  );
});
