/**
 * The images in an archive or folder, found by its `index.json` (OCI) or its
 * `manifest.json` (`docker save`, podman, buildah) but not yet put together.
 *
 * @module
 */
import { ArchiveError } from "./archive_error.ts";
import { type BlobStore, LARGEST_DOCUMENT } from "./blob_reader.ts";
import { type Candidate, formatPlatform } from "./choose_image.ts";
import {
  type ConfigDocument,
  fieldsOf,
  listOf,
  parseDocument,
  readConfig,
  textOf,
  textsOf,
} from "./image_config.ts";
import { normalisePath } from "./tar_header.ts";

/** An image whose config was read, and where its layers are. */
export interface LocatedImage extends Candidate {
  config: ConfigDocument;
  /** Lowest first; the digest is of the blob as stored, where one is stated. */
  layers: { path: string; digest?: string }[];
}

/** Where a digest is stored in an OCI layout. */
function blobPath(digest: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex === undefined) {
    throw new ArchiveError(
      `its manifest has a digest that is not sha256: ${
        JSON.stringify(digest.slice(0, 80))
      }`,
    );
  }
  return `blobs/sha256/${hex}`;
}

/** @throws {ArchiveError} unless the digest is the stated one. */
export function checkDigest(
  path: string,
  actual: string,
  expected: string | undefined,
): void {
  if (expected === undefined || expected === actual) return;
  throw new ArchiveError(
    `blob ${
      JSON.stringify(path)
    } is damaged: its digest is ${actual}, not ${expected}`,
  );
}

/**
 * Reads a document, and checks it against the digest that its name states.
 *
 * @throws {ArchiveError} when it is missing, too large or not what its name says.
 */
async function readDocument(
  store: BlobStore<unknown>,
  path: string,
): Promise<{ bytes: Uint8Array; digest: string }> {
  const name = JSON.stringify(path);
  const blob = await store.blob(path);
  if (blob === undefined) throw new ArchiveError(`it lacks the blob ${name}`);
  const digest = `sha256:${blob.sha256}`;
  const stated = /(?:^|[/:])([0-9a-f]{64})(?:\.json)?$/.exec(path)?.[1];
  checkDigest(path, digest, stated && `sha256:${stated}`);
  if (blob.document !== undefined) return { bytes: blob.document, digest };
  throw new ArchiveError(
    blob.bytes > LARGEST_DOCUMENT
      ? `${name} is longer than ${LARGEST_DOCUMENT} bytes`
      : `${name} is not valid JSON`,
  );
}

/**
 * Finds the images that an archive holds.
 *
 * @returns `undefined` when it says of no image where it is.
 */
export async function locateImages(
  store: BlobStore<unknown>,
): Promise<LocatedImage[] | undefined> {
  return await ociIndex(store) ?? await dockerManifest(store);
}

/**
 * The images that a `manifest.json` lists.
 *
 * @returns `undefined` when there is no such document.
 * @throws {ArchiveError} when it or a config cannot be read.
 */
async function dockerManifest(
  store: BlobStore<unknown>,
): Promise<LocatedImage[] | undefined> {
  if (!await store.has("manifest.json")) return undefined;
  const { bytes } = await readDocument(store, "manifest.json");
  const list = parseDocument(bytes, "manifest.json");
  if (!Array.isArray(list)) {
    throw new ArchiveError("manifest.json is not a list of images");
  }
  const images: LocatedImage[] = [];
  for (const item of list.map(fieldsOf)) {
    const path = normalisePath(textOf(item.Config));
    const config = await readDocument(store, path);
    const document = readConfig(config.bytes, path);
    images.push({
      names: textsOf(item.RepoTags),
      platform: document,
      id: config.digest,
      config: document,
      layers: textsOf(item.Layers).map((layer) => {
        const path = normalisePath(layer);
        return { path, digest: digestIn(path) };
      }),
    });
  }
  return images;
}

/** The digest that a path states; `<id>/layer.tar` states none. */
function digestIn(path: string): string | undefined {
  const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(path)?.[1];
  return hex && `sha256:${hex}`;
}

/** Indexes within indexes; registries allow fewer. */
const DEEPEST = 8;
/** Manifests looked at, so that an index of indexes cannot multiply without end. */
const MOST_MANIFESTS = 1000;

const NAMES = [
  "io.containerd.image.name",
  "org.opencontainers.image.ref.name",
];

/**
 * The images that an `index.json` leads to and whose manifests are there.
 *
 * @returns `undefined` when there is no such document.
 * @throws {ArchiveError} when a document cannot be read, or no image is there.
 */
async function ociIndex(
  store: BlobStore<unknown>,
): Promise<LocatedImage[] | undefined> {
  if (!await store.has("index.json")) return undefined;
  const images: LocatedImage[] = [];
  const missing: string[] = [];
  const seen = new Set<string>();

  const visitIndex = async (
    index: Record<string, unknown>,
    names: string[],
    depth: number,
  ): Promise<void> => {
    for (const descriptor of listOf(index.manifests).map(fieldsOf)) {
      await visit(descriptor, names, depth);
    }
  };
  const visit = async (
    descriptor: Record<string, unknown>,
    inherited: string[],
    depth: number,
  ): Promise<void> => {
    const annotations = fieldsOf(descriptor.annotations);
    if (isAttestation(descriptor, annotations)) return;
    const digest = textOf(descriptor.digest);
    const path = blobPath(digest);
    if (seen.has(digest)) return;
    seen.add(digest);
    if (depth > DEEPEST || seen.size > MOST_MANIFESTS) {
      throw new ArchiveError("its indexes are nested without end");
    }
    const stated = fieldsOf(descriptor.platform);
    if (!await store.has(path)) {
      const platform = formatPlatform({
        os: textOf(stated.os),
        architecture: textOf(stated.architecture),
        variant: textOf(stated.variant),
      });
      missing.push(`${JSON.stringify(path)} (${platform})`);
      return;
    }
    const manifest = fieldsOf(
      parseDocument((await readDocument(store, path)).bytes, path),
    );
    const own = NAMES.map((key) => textOf(annotations[key])).filter(Boolean);
    const names = [...own, ...inherited];
    if (Array.isArray(manifest.manifests)) {
      return await visitIndex(manifest, names, depth + 1);
    }
    const image = await readManifest(store, manifest, names, path);
    if (image !== undefined) images.push(image);
  };

  const { bytes } = await readDocument(store, "index.json");
  await visitIndex(fieldsOf(parseDocument(bytes, "index.json")), [], 0);
  if (images.length === 0) {
    throw new ArchiveError(
      missing.length > 0
        ? `it lacks the blob ${missing.join(", ")}`
        : "its index.json lists no image",
    );
  }
  return images;
}

/** BuildKit adds statements about a build to the index as if they were images. */
function isAttestation(
  descriptor: Record<string, unknown>,
  annotations: Record<string, unknown>,
): boolean {
  const platform = fieldsOf(descriptor.platform);
  return annotations["vnd.docker.reference.type"] === "attestation-manifest" ||
    (platform.os === "unknown" && platform.architecture === "unknown");
}

/** The image of a manifest; `undefined` for artifacts that are none. */
async function readManifest(
  store: BlobStore<unknown>,
  manifest: Record<string, unknown>,
  names: string[],
  path: string,
): Promise<LocatedImage | undefined> {
  const config = fieldsOf(manifest.config);
  const mediaType = textOf(config.mediaType);
  if (mediaType !== "" && !IMAGE_CONFIG.test(mediaType)) return undefined;
  if (!Array.isArray(manifest.layers)) {
    throw new ArchiveError(`${JSON.stringify(path)} is not a manifest`);
  }
  const digest = textOf(config.digest);
  const configPath = blobPath(digest);
  const { bytes } = await readDocument(store, configPath);
  const document = readConfig(bytes, configPath);
  return {
    names,
    platform: document,
    id: digest,
    config: document,
    layers: manifest.layers.map(fieldsOf).map((layer) => {
      const digest = textOf(layer.digest);
      return { path: blobPath(digest), digest };
    }),
  };
}

const IMAGE_CONFIG =
  /^application\/vnd\.(?:oci\.image\.config|docker\.container\.image)\.v1\+json/;
