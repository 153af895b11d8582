/**
 * An image archive as the {@linkcode Image} model: docker-archive, OCI archive or
 * OCI layout folder, from a path or a stream, in one pass and without holding any
 * content. Every digest is computed and checked on the way.
 *
 * @module
 */
import { EXIT, UserError } from "../errors.ts";
import type { Image, Layer, Probe } from "../model.ts";
import { ArchiveError, NotAnArchive } from "./archive_error.ts";
import { ArchiveScan } from "./archive_scan.ts";
import type { BlobStore, LayerBlob } from "./blob_store.ts";
import { dockerManifest } from "./docker_manifest.ts";
import { folderStore } from "./folder_store.ts";
import { LayerReader, type ReadLayer } from "./layer_reader.ts";
import { type Bounds, Limits } from "./limits.ts";
import { checkDigest, type Located } from "./located.ts";
import { ociIndex } from "./oci_index.ts";
import { choose } from "./platform.ts";
import { pumpFile, pumpStream } from "./pump.ts";
import { streamStore } from "./stream_store.ts";

/** Where an image comes from, and what to call it. */
export type ImageSource =
  | { reference: string; path: string }
  | {
    reference: string;
    /** Starts the export; called again when the bytes are needed again. */
    open: (signal?: AbortSignal) => ReadableStream<Uint8Array>;
  };

/** How {@linkcode readImage} reads. */
export interface ReadImageOptions {
  /** Chooses the files whose content is worth a look. */
  probe?: Probe;
  signal?: AbortSignal;
  /** As `linux/arm64`; which image of an archive that holds several. */
  platform?: string;
  /** Other bounds for hostile input than the defaults. */
  bounds?: Partial<Bounds>;
}

/**
 * Reads an image.
 *
 * @returns The image; its layers are checked against its manifest and config.
 * @throws {UserError} when it cannot be found, is no image archive, is damaged,
 * or holds several images of which none is clearly meant.
 */
export async function readImage(
  source: ImageSource,
  options: ReadImageOptions = {},
): Promise<Image> {
  options.signal?.throwIfAborted();
  try {
    const limits = new Limits(options.bounds);
    const store = await openStore(source, limits, options);
    const images = await ociIndex(store) ?? await dockerManifest(store);
    if (images === undefined) throw notAnArchive(store);
    if (images.length === 0) throw new ArchiveError("it holds no image");
    const image = choose(images, source.reference, options.platform);
    return await assemble(store, image, source.reference);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw toUserError(error, source);
  }
}

async function openStore(
  source: ImageSource,
  limits: Limits,
  options: ReadImageOptions,
): Promise<BlobStore> {
  const { probe, signal } = options;
  if ("path" in source && (await Deno.stat(source.path)).isDirectory) {
    return await folderStore(source.path, limits, options);
  }
  const scan = new ArchiveScan<ReadLayer>(
    limits,
    (hashed) => new LayerReader(limits, hashed, probe),
  );
  try {
    await ("path" in source
      ? pumpFile(source.path, scan.push, signal)
      : pumpStream(source.open(signal), scan.push, signal));
    return streamStore(await scan.finish());
  } finally {
    scan.destroy();
  }
}

/** Puts an image together from its layers, which are checked one by one. */
async function assemble(
  store: BlobStore,
  located: Located,
  reference: string,
): Promise<Image> {
  const { config: document, layers } = located;
  if (layers.length !== document.diffIds.length) {
    throw new ArchiveError(
      `its manifest lists ${layers.length} layers and its config ${document.diffIds.length}`,
    );
  }
  const read = new Map<string, LayerBlob>();
  const result: Layer[] = [];
  for (const [index, { path, digest }] of layers.entries()) {
    const blob = read.get(path) ?? await store.blob(path);
    if (blob === undefined) {
      throw new ArchiveError(`it lacks the blob ${JSON.stringify(path)}`);
    }
    read.set(path, blob);
    const layer = checkLayer(blob, path, digest, document.diffIds[index]);
    result.push({
      diffId: layer.diffId,
      compression: blob.compression,
      blobBytes: blob.bytes,
      blob: blob.path,
      instruction: document.instructions[index] ?? "",
      sizeBytes: layer.sizeBytes,
      entries: layer.entries,
    });
  }
  const { architecture, os, created, config } = document;
  return {
    reference,
    id: located.id,
    architecture,
    os,
    ...(created === undefined ? {} : { created }),
    config,
    layers: result,
  };
}

function checkLayer(
  blob: LayerBlob,
  path: string,
  digest: string | undefined,
  diffId: string,
): ReadLayer {
  // A damaged blob has many symptoms; its digest is the cause.
  checkDigest(path, `sha256:${blob.sha256}`, digest);
  const error = blob.error ?? blob.tar?.error;
  if (blob.tar !== undefined && blob.error === undefined) {
    checkDigest(path, blob.tar.diffId, diffId);
  }
  if (error !== undefined) {
    throw new ArchiveError(
      `layer ${JSON.stringify(path)} cannot be read: ${error.message}`,
      { cause: error },
    );
  }
  if (blob.tar === undefined) {
    throw new ArchiveError(`layer ${JSON.stringify(path)} is not a tar`);
  }
  return blob.tar;
}

function notAnArchive(store: BlobStore): ArchiveError {
  const some = store.top.slice(0, 5).map((name) => JSON.stringify(name));
  return new NotAnArchive(
    `it has neither manifest.json nor index.json${
      some.length === 0
        ? ", it is empty"
        : ` but ${some.join(", ")}${store.top.length > 5 ? ", …" : ""}`
    }`,
    store.top.some((name) => name === "etc" || name === "usr" || name === "bin")
      ? {
        next:
          "It looks like a root file system; make an image of it first, as with: docker import FILE NAME",
      }
      : {},
  );
}

const NEXT =
  "Give an image's name, or an archive of it, as written by: docker save -o image.tar NAME";

function toUserError(error: unknown, source: ImageSource): unknown {
  const name = JSON.stringify(source.reference);
  if (error instanceof NotAnArchive) {
    return new UserError(`${name} is not an image archive: ${error.message}`, {
      next: error.next ?? NEXT,
      cause: error,
    });
  }
  if (error instanceof ArchiveError) {
    return new UserError(`Cannot read image ${name}: ${error.message}`, {
      next: error.next ??
        "Export it again, as with: docker save -o image.tar NAME",
      cause: error,
    });
  }
  if (!("path" in source)) return error;
  if (error instanceof Deno.errors.NotFound) {
    return new UserError(`Cannot find ${name}`, { next: NEXT, cause: error });
  }
  if (
    error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotCapable
  ) {
    return new UserError(`Cannot open ${name}: ${error.message}`, {
      next: "Let this user read it",
      exitCode: EXIT.environment,
      cause: error,
    });
  }
  return error;
}
