/** An image archive as the model, in one pass, all digests checked on the way. @module */
import { createHash, hash } from "node:crypto";
import type { Entry, Image, ImageSource, Layer, Probe, Sink } from "./model.ts";
import { ArchiveError, NotAnArchive, toUserError } from "./archive_error.ts";
import type { BlobStore, StoredBlob, TarBlob, TarSink } from "./blob_reader.ts";
import { type CompressOptions, SideCompressor } from "./compress_layers.ts";
import {
  checkDigest,
  chooseImage,
  formatPlatform,
  type LocatedImage,
  locateImages,
} from "./image_documents.ts";
import { type Bounds, Limits } from "./limits.ts";
import { openSource } from "./open_source.ts";
import { normalisePath, type TarHandler, TarParser } from "./tar_parser.ts";

export interface ReadImageOptions {
  probe?: Probe;
  /**
   * Leaves out digests of large files, unless a second read shows that another
   * layer has one.
   */
  sparesDigests?: boolean;
  /** Compresses layers on the way, for `compressLayers` to find their sizes. */
  compress?: CompressOptions;
  signal?: AbortSignal;
  bounds?: Partial<Bounds>;
}

/**
 * Throws a UserError when an image cannot be found, is no image archive, is
 * damaged, or is one of several of which none is clearly meant.
 */
export async function readImage(
  source: ImageSource,
  options: ReadImageOptions = {},
): Promise<Image> {
  options.signal?.throwIfAborted();
  try {
    if (!options.sparesDigests || await isReadOnce(source)) {
      return await read(source, options);
    }
    const image = await read(source, options, (size) => size < LARGE);
    const shared = sharedSizes(image);
    if (shared.size === 0) return image;
    const hasDigest = (size: number) => size < LARGE || shared.has(size);
    return await read(source, options, hasDigest);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw toUserError(error, source);
  }
}

/** An export is dear, and a pipe is empty, the second time. */
async function isReadOnce(source: ImageSource): Promise<boolean> {
  if (!("path" in source)) return true;
  const { isFile, isDirectory } = await Deno.stat(source.path);
  return !isFile && !isDirectory;
}

/** Bytes from which on the digest of a file is worth leaving out. */
const LARGE = 2 ** 20;

/** Sizes of large files that are in more than one layer. */
function sharedSizes({ layers }: Image): Set<number> {
  const seen = new Map<number, Layer>();
  const shared = new Set<number>();
  for (const layer of layers) {
    for (const { size } of layer.entries) {
      if (size < LARGE) continue;
      if ((seen.get(size) ?? layer) !== layer) shared.add(size);
      seen.set(size, layer);
    }
  }
  return shared;
}

async function read(
  source: ImageSource,
  { probe, compress, signal, bounds }: ReadImageOptions,
  hasDigest = (_size: number) => true,
): Promise<Image> {
  const limits = new Limits(bounds, signal);
  using side = compress && new SideCompressor(compress);
  const store = await openSource(
    source,
    limits,
    (blob) => new LayerReader(limits, blob, hasDigest, probe, side?.open(blob)),
  );
  const images = await locateImages(store);
  if (images === undefined) throw notAnArchive(store);
  return await assemble(store, chooseImage(images, source), source.reference);
}

async function assemble(
  store: BlobStore<ReadLayer>,
  located: LocatedImage,
  reference: string,
): Promise<Image> {
  const { config: document, layers = [] } = located;
  // chooseImage() takes none that lacks a blob.
  if (document === undefined) throw new Error("the image has no config");
  if (document.os === "windows") {
    throw new ArchiveError(
      `it is a Windows image (${formatPlatform(located.platform)})`,
      { next: "Give a Linux image: Windows layers hold no Linux file system" },
    );
  }
  if (layers.length !== document.diffIds.length) {
    throw new ArchiveError(
      `its manifest lists ${layers.length} layers and its config ${document.diffIds.length}`,
    );
  }
  const read = new Map<string, StoredBlob<ReadLayer>>();
  const result: Layer[] = [];
  for (const [index, { path, digest }] of layers.entries()) {
    const blob = read.get(path) ?? await store.blob(path);
    if (blob === undefined) {
      throw new ArchiveError(`it lacks the blob ${JSON.stringify(path)}`);
    }
    read.set(path, blob);
    const expected = document.diffIds[index];
    result.push({
      diffId: expected,
      compression: blob.compression,
      blobBytes: blob.bytes,
      blob: blob.path,
      instruction: document.instructions[index] ?? "",
      entries: entriesOf(blob, digest, expected),
    });
  }
  const { architecture, os, created, config } = document;
  return {
    reference,
    id: located.id,
    architecture,
    os,
    ...created !== undefined && { created },
    config,
    document: document.document,
    layers: result,
  };
}

/** The entries of a layer that is whole, and the one that is meant. */
function entriesOf(
  blob: StoredBlob<ReadLayer>,
  digest: string | undefined,
  expected: string,
): Entry[] {
  const name = JSON.stringify(blob.path);
  // A damaged blob has many symptoms; its digest is the cause.
  checkDigest(blob.path, `sha256:${blob.sha256}`, digest);
  const error = blob.error ?? blob.tar?.error;
  // What was damaged beyond recognition is no tar any more, but has a digest.
  const diffId = blob.tar?.diffId ?? `sha256:${blob.sha256}`;
  if (blob.error === undefined && diffId !== expected) {
    throw new ArchiveError(
      digest === undefined && blob.compression === "none"
        ? `blob ${name} is damaged: its digest is ${diffId}, not ${expected}`
        : `layer ${name} is not the one that its config means: its diff ID is ${diffId}, not ${expected}`,
    );
  }
  if (error !== undefined) {
    throw new ArchiveError(`layer ${name} cannot be read: ${error.message}`, {
      next: error.next,
      cause: error,
    });
  }
  if (blob.tar === undefined) {
    throw new ArchiveError(`layer ${name} is not a tar`);
  }
  return blob.tar.entries;
}

function notAnArchive({ top }: BlobStore<ReadLayer>): ArchiveError {
  const some = top.slice(0, 5).map((name) => JSON.stringify(name)).join(", ");
  const found = top.length === 0
    ? ", it is empty"
    : ` but ${some}${top.length > 5 ? ", …" : ""}`;
  const isRootfs = ["etc", "usr", "bin"].some((name) => top.includes(name));
  return new NotAnArchive(
    `it has neither manifest.json nor index.json${found}`,
    {
      next: isRootfs
        ? "It looks like a root file system; make an image of it first, as with: docker import FILE NAME"
        : undefined,
    },
  );
}

interface ReadLayer {
  diffId: string;
  entries: Entry[];
  /** Why the entries are not complete: the tar is damaged. */
  error?: ArchiveError;
}

/** For the many empty files. */
const EMPTY = hash("sha256", "");

class LayerReader implements TarHandler, TarSink<ReadLayer> {
  readonly #parser = new TarParser(this);
  readonly #hash?: ReturnType<typeof createHash>;
  readonly #entries: Entry[] = [];
  #error?: ArchiveError;
  #entry?: Entry;
  #fileHash?: ReturnType<typeof createHash>;
  #sink?: Sink;

  constructor(
    private readonly limits: Limits,
    { isHashed }: TarBlob,
    private readonly hasDigest: (size: number) => boolean,
    private readonly probe?: Probe,
    private readonly beside?: TarSink<void>,
  ) {
    if (!isHashed) this.#hash = createHash("sha256");
  }

  get pending(): Promise<void> | undefined {
    return this.beside?.pending;
  }

  /** A damaged tar is still hashed to its end. */
  write(chunk: Uint8Array): void {
    this.#hash?.update(chunk);
    this.beside?.write(chunk);
    if (this.#error === undefined) {
      this.#attempt(() => this.#parser.push(chunk));
    }
  }

  async finish(sha256 = this.#hash?.digest("hex")): Promise<ReadLayer> {
    if (this.#error === undefined) this.#attempt(() => this.#parser.finish());
    await this.beside?.finish(sha256);
    return {
      diffId: `sha256:${sha256}`,
      entries: this.#entries,
      error: this.#error,
    };
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      this.#error = error;
    }
  }

  entry(entry: Entry): void {
    const { type, link } = entry;
    entry.path = normalisePath(entry.path);
    if (type === "hardlink") entry.link = normalisePath(link ?? "");
    if (type !== "file") entry.size = 0;
    this.limits.entry(entry.path.length + (entry.link?.length ?? 0));
    this.#entries.push(entry);
    this.#entry = entry;
    if (type === "file") this.#sink = this.probe?.(entry);
  }

  hole(bytes: number): void {
    this.limits.expanded(bytes);
  }

  data(chunk: Uint8Array): void {
    const entry = this.#entry;
    if (entry?.type !== "file") return;
    if (!this.hasDigest(entry.size)) {
      // Nothing compares it.
    } else if (this.#fileHash !== undefined) this.#fileHash.update(chunk);
    else if (chunk.length === entry.size) entry.sha256 = hash("sha256", chunk);
    else this.#fileHash = createHash("sha256").update(chunk);
    this.#sink?.write(chunk);
  }

  entryEnd(): void {
    const entry = this.#entry;
    if (entry?.type === "file") {
      if (this.#fileHash !== undefined) {
        entry.sha256 = this.#fileHash.digest("hex");
        this.#fileHash = undefined;
      } else if (entry.size === 0) entry.sha256 = EMPTY;
    }
    if (this.#sink !== undefined && entry !== undefined) {
      entry.found = this.#sink.end();
      this.#sink = undefined;
    }
  }
}
