/**
 * The documents of an archive, checked by their digests and read without trust: the
 * images that `index.json` (OCI) and `manifest.json` describe, which of them is
 * meant, and its config.
 *
 * @module
 */
import type { ImageConfig, ImageSource } from "./model.ts";
import { maskText } from "../lib/secret_text.ts";
import { ArchiveError } from "./archive_error.ts";
import { type BlobStore, LARGEST_DOCUMENT } from "./blob_reader.ts";
import { architectureNamed, HOST } from "../lib/platform.ts";
import { normalisePath } from "./tar_parser.ts";

interface Candidate {
  /** Tags and annotations that it is known by. */
  names: string[];
  /** Of its config and its manifests. */
  digests: string[];
  platform: ImagePlatform;
  /** Of its config; of its manifest where only that is known. */
  id: string;
  /** The first of its blobs that the archive lacks. */
  missing?: ArchiveError;
}

export interface LocatedImage extends Candidate {
  /** Absent where its blob is. */
  config?: ConfigDocument;
  /** Lowest first; absent where the manifest has none. */
  layers?: LayerBlob[];
}

interface LayerBlob {
  path: string;
  /** Of the blob as stored, where one is stated. */
  digest?: string;
  /** Where to download it, for those that are not distributed with images. */
  url?: string;
}

type Store = BlobStore<unknown>;
type Fields = Record<string, unknown>;

/** Path of a blob by its digest. */
type Layout = (digest: string, isManifest: boolean) => string;

const OCI: Layout = (digest) => `blobs/sha256/${hexOf(digest)}`;
const SKOPEO_DIR: Layout = (digest, isManifest) =>
  isManifest ? `${hexOf(digest)}.manifest.json` : hexOf(digest);

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
 * Finds the images that an archive describes, whether their blobs are there or not;
 * `undefined` when it has no description. Throws an ArchiveError for one that is
 * damaged, describes no image, or contradicts the other.
 */
export async function locateImages(
  store: Store,
): Promise<LocatedImage[] | undefined> {
  const index = await readDescription(store, "index.json");
  const manifest = await readDescription(store, "manifest.json");
  if (index === undefined && manifest === undefined) return undefined;
  const images = index === undefined
    ? []
    : await imagesOf(store, OCI, fieldsOf(index), "index.json");
  if (Array.isArray(manifest)) {
    const described = [...images];
    for (const item of manifest.map(fieldsOf)) {
      addDockerImage(images, await dockerImage(store, item), described);
    }
  } else if (fieldsOf(manifest).schemaVersion === 2) {
    const top = fieldsOf(manifest);
    images.push(...await imagesOf(store, SKOPEO_DIR, top, "manifest.json"));
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

async function imagesOf(
  store: Store,
  pathOf: Layout,
  top: Fields,
  topPath: "index.json" | "manifest.json",
): Promise<LocatedImage[]> {
  const seen = new Set<string>();
  const images = new Map<string, LocatedImage>();
  if (topPath === "index.json") await addIndex(top, [], 0);
  else await addManifest(top, topPath, {}, [], 0);
  return [...images.values()];

  async function addIndex(index: Fields, names: string[], depth: number) {
    const descriptors = listOf(index.manifests).map(fieldsOf);
    for (const descriptor of descriptors) {
      if (isAttestation(descriptor)) continue;
      const digest = textOf(descriptor.digest);
      const path = pathOf(digest, true);
      if (seen.has(digest)) continue;
      seen.add(digest);
      if (depth > DEEPEST || seen.size > MOST_MANIFESTS) {
        throw new ArchiveError("its indexes are nested without end");
      }
      // An image of several names is there several times.
      const own = descriptors.filter((each) => each.digest === digest)
        .map(({ annotations }) => fieldsOf(annotations))
        .flatMap((all) => NAMES.map((key) => textOf(all[key])))
        .filter(Boolean);
      const allNames = [...own, ...names];
      if (await store.has(path)) {
        const { bytes } = await readDocument(store, path, digest);
        const manifest = fieldsOf(parseDocument(bytes, path));
        await addManifest(manifest, path, descriptor, allNames, depth);
      } else {
        const image = lackingImage(path, digest, platformOf(descriptor));
        images.set(digest, { ...image, names: allNames });
      }
    }
  }

  async function addManifest(
    manifest: Fields,
    path: string,
    descriptor: Fields,
    names: string[],
    depth: number,
  ) {
    if (Array.isArray(manifest.manifests)) {
      return await addIndex(manifest, names, depth + 1);
    }
    const { mediaType, digest } = fieldsOf(manifest.config);
    // Artifacts, such as a Helm chart, are no images.
    if (textOf(mediaType) && !IMAGE_CONFIG.test(textOf(mediaType))) return;
    if (!Array.isArray(manifest.layers ?? []) || !textOf(digest)) {
      throw new ArchiveError(`${JSON.stringify(path)} is not a manifest`);
    }
    const id = textOf(digest);
    const platform = platformOf(descriptor);
    const image = await describe(store, pathOf(id, false), id, platform);
    image.names = names;
    image.digests.push(textOf(descriptor.digest));
    if (Array.isArray(manifest.layers)) {
      image.layers = manifest.layers.map(fieldsOf).map((layer) => {
        const digest = textOf(layer.digest);
        const [url] = textsOf(layer.urls);
        return { path: pathOf(digest, false), digest, url };
      });
    }
    // One image may be there twice, its layers compressed in two ways.
    const before = images.get(image.id);
    if (before === undefined) images.set(image.id, image);
    before?.names.push(...image.names);
    before?.digests.push(...image.digests);
  }
}

/** BuildKit adds statements about a build to the index as if they were images. */
function isAttestation(descriptor: Fields): boolean {
  const annotations = fieldsOf(descriptor.annotations);
  const { os, architecture } = platformOf(descriptor);
  return annotations["vnd.docker.reference.type"] === "attestation-manifest" ||
    (os === "unknown" && architecture === "unknown");
}

function platformOf(descriptor: Fields): ImagePlatform {
  const { os, architecture, variant } = fieldsOf(descriptor.platform);
  return {
    os: textOf(os),
    architecture: textOf(architecture),
    variant: textOf(variant),
  };
}

async function dockerImage(store: Store, item: Fields): Promise<LocatedImage> {
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

async function describe(
  store: Store,
  path: string,
  digest?: string,
  stated = platformOf({}),
): Promise<LocatedImage> {
  if (!await store.has(path)) return lackingImage(path, digest ?? path, stated);
  const document = await readDocument(store, path, digest);
  const config = readConfig(document.bytes, path);
  const { os, architecture } = config;
  const variant = config.variant || stated.variant;
  return {
    names: [],
    digests: [document.digest],
    platform: { os, architecture, variant },
    id: document.digest,
    config,
  };
}

function lackingImage(
  path: string,
  id: string,
  platform: ImagePlatform,
): LocatedImage {
  const missing = lacks(path, platform);
  return { names: [], digests: [id], platform, id, missing };
}

/** Adds an image of `manifest.json` to those that `index.json` has described. */
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

async function noteMissing(store: Store, image: LocatedImage): Promise<void> {
  for (const { path, url } of image.layers ?? []) {
    if (image.missing !== undefined) return;
    if (await store.has(path)) continue;
    image.missing = lacks(path, image.platform, url);
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

/** As `linux/arm64/v8`. */
export function formatPlatform(platform: ImagePlatform): string {
  return [platform.os, platform.architecture, platform.variant]
    .filter((part) => part !== "").join("/") || "no platform";
}

/** Whether an image fits what was asked for: `linux/arm64`, `arm64`, `linux/arm/v7`. */
function fits(platform: ImagePlatform, wanted: string): boolean {
  const parts = wanted.split("/");
  if (parts.length === 1) parts.unshift(platform.os);
  const [os, name, variant] = parts;
  const architecture = architectureNamed(name);
  return platform.os === os && platform.architecture === architecture &&
    (variant === undefined || platform.variant === variant ||
      // 64-bit ARM has one variant, which most tools leave out.
      (architecture === "arm64" && variant === "v8" &&
        platform.variant === ""));
}

/**
 * Chooses by the name and platform that were asked for, else the only image that is
 * whole, else by reference, else what runs on this machine; throws an ArchiveError
 * listing what is there when that is not one image.
 */
export function chooseImage<T extends Candidate>(
  candidates: readonly T[],
  { reference, image, platform }: ImageSource,
): T {
  let rest = [...candidates];
  const needOne = (what: string, holds: (each: T) => boolean) => {
    const next = `Choose one of: ${listCandidates(rest)}`;
    rest = rest.filter(holds);
    if (rest.length === 0) {
      throw new ArchiveError(`it holds no image ${what}`, { next });
    }
  };
  const prefer = (holds: (each: T) => boolean) => {
    const fitting = rest.filter(holds);
    if (fitting.length > 0) rest = fitting;
  };
  if (image !== undefined) {
    const place = /^@([0-9]{1,4})$/.exec(image)?.[1];
    const isMeant = (each: T) =>
      place === undefined
        ? isCalled(each, image)
        : each === candidates[Number(place)];
    needOne(`named ${JSON.stringify(image)}`, isMeant);
  }
  if (platform !== undefined) {
    needOne(`for ${platform}`, (each) => fits(each.platform, platform));
  }
  prefer(({ missing }) => missing === undefined);
  prefer(({ names }) => names.some((each) => isNamed(reference, each)));
  prefer((each) => fits(each.platform, `linux/${HOST}`));
  if (rest.length === 1) {
    if (rest[0].missing !== undefined) throw rest[0].missing;
    return rest[0];
  }
  const platforms = new Set(rest.map((each) => formatPlatform(each.platform)));
  const list = listCandidates(rest);
  throw new ArchiveError(
    `it holds ${rest.length} images that could be meant: ${list}`,
    {
      next: platforms.size === rest.length
        ? "Choose one with --platform"
        : `Name one, as in: ${reference}:${labelOf(rest[0])}`,
    },
  );
}

function isCalled({ names, digests }: Candidate, name: string): boolean {
  const digest = /^@?(?:sha256:)?([0-9a-f]{12,64})$/.exec(name)?.[1];
  return names.some((each) => isNamed(name, each)) ||
    (digest !== undefined &&
      digests.some((each) => each.startsWith(`sha256:${digest}`)));
}

/** Whether a name in the archive is the one asked for; tags may stand alone. */
function isNamed(reference: string, name: string): boolean {
  return name === reference || fullName(name) === fullName(reference) ||
    (!/[:/]/.test(name) && reference.endsWith(`:${name}`)) ||
    (!/[:/]/.test(reference) && name.endsWith(`:${reference}`));
}

/** A name as engines complete it. */
function fullName(name: string): string {
  const bare = name.replace(/^docker\.io\/(library\/)?/, "");
  return /:[^/]*$/.test(bare) ? bare : `${bare}:latest`;
}

function labelOf({ names, id }: Candidate): string {
  return names[0] ?? id.slice(0, 19);
}

function listCandidates(candidates: readonly Candidate[]): string {
  return candidates.map((each) =>
    `${labelOf(each)} (${formatPlatform(each.platform)})`
  ).join(", ");
}

/** What an image runs on, in Go's words: `linux`, `amd64`, `v8`. */
interface ImagePlatform {
  os: string;
  architecture: string;
  variant: string;
}

interface ConfigDocument extends ImagePlatform {
  created?: string;
  config: ImageConfig;
  document: unknown;
  /** Diff IDs, lowest layer first. */
  diffIds: string[];
  /** One for each layer; none where the history is of other layers. */
  instructions: string[];
}

export function readConfig(bytes: Uint8Array, what: string): ConfigDocument {
  const document = fieldsOf(parseDocument(bytes, what));
  const rootfs = fieldsOf(document.rootfs);
  // Docker leaves an empty list out, others write null for it.
  const diffs = rootfs.diff_ids ?? (rootfs.type === "layers" ? [] : undefined);
  if (!Array.isArray(diffs) && rootfs.diff_ids !== null) {
    throw new ArchiveError(`${what} is not the config of an image`);
  }
  const diffIds = textsOf(rootfs.diff_ids);
  const instructions = listOf(document.history).map(fieldsOf)
    .filter((line) => line.empty_layer !== true)
    .map((line) => maskText(instruction(textOf(line.created_by))));
  return {
    architecture: textOf(document.architecture),
    os: textOf(document.os),
    variant: textOf(document.variant),
    created: textOf(document.created) || undefined,
    config: configOf(document.config),
    document,
    diffIds,
    // A squashed or rebased image may have kept the lines of other layers.
    instructions: instructions.length === diffIds.length ? instructions : [],
  };
}

/** What `config` says, in a document or in the words of an engine. */
export function configOf(value: unknown): ImageConfig {
  const config = fieldsOf(value);
  return {
    user: textOf(config.User),
    entrypoint: textsOf(config.Entrypoint),
    cmd: textsOf(config.Cmd),
    env: textsOf(config.Env),
    workingDir: textOf(config.WorkingDir),
    exposedPorts: Object.keys(fieldsOf(config.ExposedPorts)).sort(),
    labels: Object.fromEntries(
      Object.entries(fieldsOf(config.Labels))
        .map(([name, value]) => [name, textOf(value)]),
    ),
    stopSignal: textOf(config.StopSignal),
    healthcheck: textsOf(fieldsOf(config.Healthcheck).Test),
    volumes: Object.keys(fieldsOf(config.Volumes)).sort(),
  };
}

/** `RUN make` for `RUN /bin/sh -c make # buildkit`, on one line. */
export function instruction(createdBy: string): string {
  return parseHistory(createdBy).instruction;
}

export function historyOf(document: unknown): string[] {
  return listOf(fieldsOf(document).history).flatMap((line) => {
    const { args, instruction } = parseHistory(
      textOf(fieldsOf(line).created_by),
    );
    return args === "" ? [instruction] : [`ARG ${args}`, instruction];
  });
}

/** Bounded, as a hostile history may be long. */
const SHELL = String
  .raw`\/[\w.\/-]{0,60}sh(?: [\w-]{1,30}){0,6}? -\w{0,6}c `;

function parseHistory(
  createdBy: string,
): { args: string; instruction: string } {
  let line = createdBy.replace(/\s+/g, " ").trim();
  line = line.replace(/ # buildkit$/, "");
  // In place of names, some write the digest of what was copied.
  line = line.replace(
    /\b(file|dir|multi):([0-9a-f]{12})[0-9a-f]{52}\b/g,
    "$1:$2",
  );
  // Arguments of the build come first: `|2 A=1 B=2 /bin/sh -c make`. Without a
  // shell, the command follows the last of them.
  const [before, args] = new RegExp(
    `^(?:RUN )?\\|[0-9]+ (.*?(?= ?${SHELL})|(?:\\w+=\\S* ?)*)`,
  ).exec(line) ?? ["", ""];
  if (before !== "") line = `RUN ${line.slice(before.length).trim()}`;
  const nop = new RegExp(`^(?:RUN )?${SHELL}#\\(nop\\) *`).exec(line);
  const shell = new RegExp(`^(?:RUN )?${SHELL} *`).exec(line);
  if (nop !== null) line = line.slice(nop[0].length);
  else if (shell !== null) line = `RUN ${line.slice(shell[0].length)}`;
  return { args: args.trim(), instruction: line.trim() };
}

/** @throws {ArchiveError} when it is missing, too large or has another digest. */
export async function readDocument(
  store: BlobStore<unknown>,
  path: string,
  expected?: string,
): Promise<{ bytes: Uint8Array; digest: string }> {
  const blob = await store.blob(path);
  if (blob === undefined) {
    throw new ArchiveError(`it lacks the blob ${JSON.stringify(path)}`);
  }
  const digest = `sha256:${blob.sha256}`;
  checkDigest(blob.path, digest, expected);
  if (blob.document !== undefined) return { bytes: blob.document, digest };
  throw new ArchiveError(
    blob.bytes > LARGEST_DOCUMENT
      ? `${JSON.stringify(path)} is longer than ${LARGEST_DOCUMENT} bytes`
      : `${JSON.stringify(path)} is not valid JSON`,
  );
}

/** @throws {ArchiveError} unless the digest of a blob is the stated one. */
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

// What is not of the expected shape reads as empty, as the engines do.

function parseDocument(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new ArchiveError(`${what} is not valid JSON`, { cause });
  }
}

export function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : {};
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textsOf(value: unknown): string[] {
  return (typeof value === "string" ? [value] : listOf(value))
    .filter((item) => typeof item === "string");
}
