/**
 * Archives made for tests: images in every form that the reader knows. Truth is
 * known by construction, and no binary file needs to be kept with the tests.
 *
 * @module
 */
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { Compression } from "../scripts/image/model.ts";
import { makeTar, sha256, type TarEntry } from "./tar.ts";

export { makeTar, type TarEntry };

const encoder = new TextEncoder();

/** An image to make. */
export interface ImageSpec {
  /** Lowest first: records, or the bytes of a tar. */
  layers: (readonly TarEntry[] | Uint8Array)[];
  /** The `config` part: `User`, `Env`, … */
  config?: Record<string, unknown>;
  /** `amd64`, unless told. */
  architecture?: string;
  /** Lines of the history, one for each layer; `COPY layer <n>` unless told. */
  history?: { created_by?: string; empty_layer?: boolean }[];
  tags?: string[];
  /** How layers are stored; `none` unless told. */
  compression?: Compression;
  /** Fields in place of those of the config document. */
  document?: Record<string, unknown>;
}

/** Files of an archive by path; a string is the target of a symbolic link. */
export type Files = Map<string, Uint8Array | string>;

function parts(spec: ImageSpec) {
  const tars = spec.layers.map((layer) =>
    layer instanceof Uint8Array ? layer : makeTar(layer)
  );
  const document = {
    architecture: spec.architecture ?? "amd64",
    os: "linux",
    created: "2026-01-02T03:04:05Z",
    config: spec.config ?? {},
    rootfs: {
      type: "layers",
      diff_ids: tars.map((tar) => `sha256:${sha256(tar)}`),
    },
    history: spec.history ??
      tars.map((_, index) => ({ created_by: `COPY layer ${index}` })),
    ...spec.document,
  };
  const blobs = tars.map((tar) => compress(tar, spec.compression ?? "none"));
  return { tars, blobs, config: json(document) };
}

/** A value as the bytes of JSON. */
export function json(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** Bytes compressed. */
export function compress(bytes: Uint8Array, by: Compression): Uint8Array {
  if (by === "none") return bytes;
  return new Uint8Array(
    by === "gzip" ? gzipSync(bytes) : zstdCompressSync(bytes),
  );
}

/**
 * The files of a docker-archive, its manifest last as `docker save` writes them.
 *
 * @param style `docker`: `<id>/layer.tar`, a layer that is there already is a
 * link; `buildah`: `<diff id>.tar`.
 */
export function dockerFiles(
  spec: ImageSpec | ImageSpec[],
  style: "docker" | "buildah" = "docker",
): Files {
  const files: Files = new Map();
  const manifest = [spec].flat().map((each) => {
    const { tars, blobs, config } = parts(each);
    const layers = tars.map((tar, index) => {
      const hex = sha256(tar);
      if (style === "buildah") {
        files.set(`${hex}.tar`, blobs[index]);
        return `${hex}.tar`;
      }
      const first = `${sha256(json(`${hex}0`))}/layer.tar`;
      if (!files.has(first)) {
        files.set(first, blobs[index]);
        return first;
      }
      const again = `${sha256(json(`${hex}${index}`))}/layer.tar`;
      if (again === first) return first;
      files.set(again, `../${first}`);
      return again;
    });
    const name = `${sha256(config)}.json`;
    files.set(name, config);
    return {
      Config: name,
      RepoTags: each.tags ?? ["test:latest"],
      Layers: layers,
    };
  });
  files.set("manifest.json", json(manifest));
  return files;
}

/** A descriptor of an index. */
export interface Descriptor {
  mediaType?: string;
  digest: string;
  size: number;
  platform?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** Adds a blob to the files of a layout. */
export function addBlob(files: Files, bytes: Uint8Array): Descriptor {
  const hex = sha256(bytes);
  files.set(`blobs/sha256/${hex}`, bytes);
  return { digest: `sha256:${hex}`, size: bytes.length };
}

/** Adds config, layers and manifest of an image to the files of a layout. */
export function addImage(files: Files, spec: ImageSpec): Descriptor {
  const { blobs, config } = parts(spec);
  const manifest = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      ...addBlob(files, config),
    },
    layers: blobs.map((blob) => addBlob(files, blob)),
  });
  return {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    ...addBlob(files, manifest),
    platform: { os: "linux", architecture: spec.architecture ?? "amd64" },
    ...(spec.tags === undefined ? {} : {
      annotations: { "org.opencontainers.image.ref.name": spec.tags[0] },
    }),
  };
}

/** The files of an OCI layout that holds some images. */
export function ociFiles(spec: ImageSpec | ImageSpec[]): Files {
  const files: Files = new Map();
  const manifests = [spec].flat().map((each) => addImage(files, each));
  return finishLayout(files, manifests);
}

/** Adds `index.json` and `oci-layout` to the blobs of a layout. */
export function finishLayout(files: Files, manifests: Descriptor[]): Files {
  files.set("index.json", json({ schemaVersion: 2, manifests }));
  files.set("oci-layout", json({ imageLayoutVersion: "1.0.0" }));
  return files;
}

/** The files of a folder as skopeo's `dir:` writes it; of several with an index. */
export function skopeoFiles(spec: ImageSpec | ImageSpec[]): Files {
  const blobs: Files = new Map();
  const manifests = [spec].flat().map((each) => addImage(blobs, each));
  const files: Files = new Map([["version", encoder.encode("1.1\n")]]);
  for (const [path, content] of blobs) {
    const name = path.slice("blobs/sha256/".length);
    const isManifest = manifests.some(({ digest }) => digest.endsWith(name));
    if (!isManifest) files.set(name, content);
    else if (!Array.isArray(spec)) files.set("manifest.json", content);
    else files.set(`${name}.manifest.json`, content);
  }
  if (Array.isArray(spec)) {
    files.set("manifest.json", json({ schemaVersion: 2, manifests }));
  }
  return files;
}

/** Files as a tar. */
export function archiveOf(files: Files): Uint8Array<ArrayBuffer> {
  return makeTar(
    [...files].map(([path, content]) =>
      typeof content === "string"
        ? { path, type: "symlink", link: content }
        : { path, content }
    ),
  );
}

/** A docker-archive. */
export function makeDockerArchive(
  spec: ImageSpec | ImageSpec[],
  style?: "docker" | "buildah",
): Uint8Array<ArrayBuffer> {
  return archiveOf(dockerFiles(spec, style));
}

/** An OCI archive. */
export function makeOciArchive(
  spec: ImageSpec | ImageSpec[],
): Uint8Array<ArrayBuffer> {
  return archiveOf(ociFiles(spec));
}

/** Writes files into a folder: an OCI layout, for instance. */
export async function writeFolder(folder: string, files: Files): Promise<void> {
  for (const [path, content] of files) {
    const file = `${folder}/${path}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    if (typeof content === "string") await Deno.symlink(content, file);
    else await Deno.writeFile(file, content);
  }
}

/** Bytes as a stream of chunks. */
export function streamOf(
  bytes: Uint8Array,
  chunkSize = 64 * 1024,
): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at += chunkSize));
    },
  });
}

/** Bytes as the source of an image, read from a stream. */
export function sourceOf(
  bytes: Uint8Array,
  chunkSize?: number,
): { reference: string; open: () => ReadableStream<Uint8Array> } {
  return { reference: "test", open: () => streamOf(bytes, chunkSize) };
}
