/**
 * The `index.json` of an OCI layout, down through nested indexes to the manifests
 * of images.
 *
 * @module
 */
import { ArchiveError } from "./archive_error.ts";
import type { BlobStore } from "./blob_store.ts";
import { readConfig } from "./image_config.ts";
import { fieldsOf, listOf, parseJson, textOf } from "./json.ts";
import { blobPath, type Located, readDocument } from "./located.ts";
import { formatPlatform } from "./platform.ts";

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
export async function ociIndex(
  store: BlobStore,
): Promise<Located[] | undefined> {
  if (!await store.has("index.json")) return undefined;
  const images: Located[] = [];
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
      parseJson((await readDocument(store, path)).bytes, path),
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
  await visitIndex(fieldsOf(parseJson(bytes, "index.json")), [], 0);
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
  store: BlobStore,
  manifest: Record<string, unknown>,
  names: string[],
  path: string,
): Promise<Located | undefined> {
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
