/**
 * The images in an archive or folder, found by its `index.json` (OCI) and its
 * `manifest.json` (`docker save`, podman, buildah, skopeo's `dir:`) but not yet put
 * together. An archive may have both: what one of them lacks, the other tells.
 *
 * @module
 */
import { ArchiveError } from "./archive_error.ts";
import type { BlobStore } from "./blob_reader.ts";
import {
  type Candidate,
  formatPlatform,
  type ImagePlatform,
  isNamed,
} from "./choose_image.ts";
import {
  type ConfigDocument,
  fieldsOf,
  listOf,
  parseDocument,
  readConfig,
  readDocument,
  textOf,
  textsOf,
} from "./image_documents.ts";
import { normalisePath } from "./tar_header.ts";

/** An image as a manifest describes it. */
export interface LocatedImage extends Candidate {
  /** Absent where its blob is. */
  config?: ConfigDocument;
  /** Lowest first; absent where the manifest has none. */
  layers?: LayerBlob[];
}

/** Where a layer is. */
interface LayerBlob {
  path: string;
  /** Of the blob as stored, where one is stated. */
  digest?: string;
  /** Where to download it, for those that are not distributed with images. */
  url?: string;
}

type Store = BlobStore<unknown>;

/** Paths of blobs by digest. */
interface Layout {
  blob: (digest: string) => string;
  manifest: (digest: string) => string;
}

const OCI: Layout = {
  blob: (digest) => `blobs/sha256/${hexOf(digest)}`,
  manifest: (digest) => `blobs/sha256/${hexOf(digest)}`,
};
const SKOPEO_DIR: Layout = {
  blob: hexOf,
  manifest: (digest) => `${hexOf(digest)}.manifest.json`,
};

/** Indexes within indexes; registries allow fewer. */
const DEEPEST = 8;
/** Manifests looked at, so that an index of indexes cannot multiply without end. */
const MOST_MANIFESTS = 1000;

const NAMES = [
  "io.containerd.image.name",
  "org.opencontainers.image.ref.name",
];
const IMAGE_CONFIG =
  /^application\/vnd\.(?:oci\.image\.config|docker\.container\.image)\.v1\+json/;

/**
 * Finds the images that an archive describes, whether their blobs are there or not.
 *
 * @returns `undefined` when it has no such description.
 * @throws {ArchiveError} when a description is damaged or describes no image, or
 * when two of them contradict each other.
 */
export async function locateImages(
  store: Store,
): Promise<LocatedImage[] | undefined> {
  const index = await readDescription(store, "index.json");
  const manifest = await readDescription(store, "manifest.json");
  if (index === undefined && manifest === undefined) return undefined;
  const images = index === undefined
    ? []
    : await new Manifests(store, OCI).ofIndex(fieldsOf(index));
  if (Array.isArray(manifest)) {
    const described = [...images];
    for (const item of manifest.map(fieldsOf)) {
      addDockerImage(images, await dockerImage(store, item), described);
    }
  } else if (fieldsOf(manifest).schemaVersion === 2) {
    images.push(
      ...await new Manifests(store, SKOPEO_DIR).ofManifest(fieldsOf(manifest)),
    );
  } else if (index === undefined) {
    throw new ArchiveError("manifest.json is not a list of images");
  }
  if (images.length === 0) {
    throw new ArchiveError(
      `its ${index === undefined ? "manifest" : "index"}.json lists no image`,
    );
  }
  for (const image of images) await noteMissing(store, image);
  return images;
}

async function readDescription(store: Store, path: string): Promise<unknown> {
  if (!await store.has(path)) return undefined;
  return parseDocument((await readDocument(store, path)).bytes, path);
}

/** Follows an index, or one manifest, to the images below it. */
class Manifests {
  readonly #store: Store;
  readonly #layout: Layout;
  readonly #seen = new Set<string>();
  readonly #images = new Map<string, LocatedImage>();

  constructor(store: Store, layout: Layout) {
    this.#store = store;
    this.#layout = layout;
  }

  async ofIndex(index: Record<string, unknown>): Promise<LocatedImage[]> {
    await this.#index(index, [], 0);
    return [...this.#images.values()];
  }

  async ofManifest(manifest: Record<string, unknown>): Promise<LocatedImage[]> {
    await this.#manifest(manifest, "manifest.json", {}, [], 0);
    return [...this.#images.values()];
  }

  async #index(
    index: Record<string, unknown>,
    names: string[],
    depth: number,
  ): Promise<void> {
    const descriptors = listOf(index.manifests).map(fieldsOf);
    for (const descriptor of descriptors) {
      if (isAttestation(descriptor)) continue;
      const digest = textOf(descriptor.digest);
      const path = this.#layout.manifest(digest);
      // An image of several names is there several times.
      const own = descriptors.filter((each) => each.digest === digest)
        .flatMap(({ annotations }) =>
          NAMES.map((key) => textOf(fieldsOf(annotations)[key]))
        ).filter(Boolean);
      const all = [...own, ...names];
      if (this.#seen.has(digest)) continue;
      this.#seen.add(digest);
      if (depth > DEEPEST || this.#seen.size > MOST_MANIFESTS) {
        throw new ArchiveError("its indexes are nested without end");
      }
      if (await this.#store.has(path)) {
        const { bytes } = await readDocument(this.#store, path, digest);
        const manifest = fieldsOf(parseDocument(bytes, path));
        await this.#manifest(manifest, path, descriptor, all, depth);
      } else {
        const platform = platformOf(descriptor);
        this.#images.set(digest, {
          names: all,
          digests: [digest],
          platform,
          id: digest,
          missing: lacks(path, platform),
        });
      }
    }
  }

  async #manifest(
    manifest: Record<string, unknown>,
    path: string,
    descriptor: Record<string, unknown>,
    names: string[],
    depth: number,
  ): Promise<void> {
    if (Array.isArray(manifest.manifests)) {
      return await this.#index(manifest, names, depth + 1);
    }
    const { mediaType, digest } = fieldsOf(manifest.config);
    // Artifacts, such as a Helm chart, are no images.
    if (textOf(mediaType) && !IMAGE_CONFIG.test(textOf(mediaType))) return;
    if (!Array.isArray(manifest.layers ?? []) || !textOf(digest)) {
      throw new ArchiveError(`${JSON.stringify(path)} is not a manifest`);
    }
    const image = await describe(
      this.#store,
      this.#layout.blob(textOf(digest)),
      textOf(digest),
      platformOf(descriptor),
    );
    image.names = names;
    image.digests.push(textOf(descriptor.digest));
    if (Array.isArray(manifest.layers)) {
      image.layers = manifest.layers.map(fieldsOf).map((layer) => {
        const digest = textOf(layer.digest);
        const [url] = textsOf(layer.urls);
        return { path: this.#layout.blob(digest), digest, url };
      });
    }
    // One image may be there twice, its layers compressed in two ways.
    const before = this.#images.get(image.id);
    if (before === undefined) this.#images.set(image.id, image);
    else {
      before.names.push(...image.names);
      before.digests.push(...image.digests);
    }
  }
}

/** BuildKit adds statements about a build to the index as if they were images. */
function isAttestation(descriptor: Record<string, unknown>): boolean {
  const annotations = fieldsOf(descriptor.annotations);
  const { os, architecture } = platformOf(descriptor);
  return annotations["vnd.docker.reference.type"] === "attestation-manifest" ||
    (os === "unknown" && architecture === "unknown");
}

function platformOf(descriptor: Record<string, unknown>): ImagePlatform {
  const { os, architecture, variant } = fieldsOf(descriptor.platform);
  return {
    os: textOf(os),
    architecture: textOf(architecture),
    variant: textOf(variant),
  };
}

/** An image of `manifest.json`. */
async function dockerImage(
  store: Store,
  item: Record<string, unknown>,
): Promise<LocatedImage> {
  const path = normalisePath(textOf(item.Config));
  const image = await describe(store, path, digestIn(path));
  const sources = fieldsOf(item.LayerSources);
  image.names = textsOf(item.RepoTags);
  image.layers = textsOf(item.Layers).map((layer, index) => {
    const path = normalisePath(layer);
    const source = fieldsOf(sources[image.config?.diffIds[index] ?? ""]);
    return { path, digest: digestIn(path), url: textsOf(source.urls)[0] };
  });
  return image;
}

/** The digest that a path states; `<id>/layer.tar` states none. */
function digestIn(path: string): string | undefined {
  const hex = /^(?:blobs\/sha256\/)?([0-9a-f]{64})(?:\.json)?$/.exec(path)?.[1];
  return hex && `sha256:${hex}`;
}

/** What the config of an image says, as far as it is there. */
async function describe(
  store: Store,
  path: string,
  digest?: string,
  stated?: ImagePlatform,
): Promise<LocatedImage> {
  if (!await store.has(path)) {
    const platform = stated ?? { os: "", architecture: "", variant: "" };
    return {
      names: [],
      digests: [digest ?? path],
      platform,
      id: digest ?? path,
      missing: lacks(path, platform),
    };
  }
  const document = await readDocument(store, path, digest);
  const config = readConfig(document.bytes, path);
  const { os, architecture } = config;
  const variant = config.variant || (stated?.variant ?? "");
  return {
    names: [],
    digests: [document.digest],
    platform: { os, architecture, variant },
    id: document.digest,
    config,
  };
}

/**
 * Adds what `manifest.json` says of an image to what `index.json` says.
 *
 * @param described The images of the index.
 */
function addDockerImage(
  images: LocatedImage[],
  image: LocatedImage,
  described: LocatedImage[],
): void {
  const same = described.find(({ id }) => id === image.id);
  if (same === undefined) {
    const platform = formatPlatform(image.platform);
    const other = described.find((each) =>
      each.missing === undefined && image.config !== undefined &&
      formatPlatform(each.platform) === platform &&
      each.names.some((name) => image.names.some((own) => isNamed(own, name)))
    );
    if (other !== undefined) {
      throw new ArchiveError(
        `its manifest.json and its index.json disagree: ${
          JSON.stringify(image.names[0])
        } is ${image.id} in one and ${other.id} in the other`,
      );
    }
    images.push(image);
    return;
  }
  same.names.push(...image.names);
  same.layers ??= image.layers;
  const agrees = same.layers?.length === image.layers?.length &&
    same.layers?.every(({ digest }, index) =>
      [undefined, digest].includes(image.layers?.[index].digest)
    );
  if (!agrees) {
    throw new ArchiveError(
      `its manifest.json and its index.json list other layers for ${image.id}`,
    );
  }
}

/** Notes the first blob that an image lacks. */
async function noteMissing(store: Store, image: LocatedImage): Promise<void> {
  for (const { path, url } of image.layers ?? []) {
    if (image.missing !== undefined) return;
    if (!await store.has(path)) {
      image.missing = lacks(path, image.platform, url);
    }
  }
}

function lacks(
  path: string,
  platform: ImagePlatform,
  url?: string,
): ArchiveError {
  const blob = `it lacks the blob ${JSON.stringify(path)} (${
    formatPlatform(platform)
  })`;
  if (url === undefined) return new ArchiveError(blob);
  return new ArchiveError(
    `${blob}, a layer that is not distributed with images: it is at ${url}`,
    { next: "Export the image from an engine that has pulled this layer" },
  );
}

function hexOf(digest: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex !== undefined) return hex;
  const stated = JSON.stringify(digest.slice(0, 80));
  throw /^sha(384|512):/.test(digest)
    ? new ArchiveError(`its digests are not SHA-256, as in ${stated}`, {
      next: "Write it again with SHA-256 digests, which all engines use",
    })
    : new ArchiveError(`its manifest has a digest that is none: ${stated}`);
}
