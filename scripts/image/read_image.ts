/**
 * An image archive as the {@linkcode Image} model: docker-archive, OCI archive or
 * OCI layout folder, from a path or a stream, in one pass and without holding any
 * content. Every digest is computed and checked on the way.
 *
 * @module
 */
import type { Image, Layer, Probe } from "./model.ts";
import { ArchiveError, NotAnArchive } from "./archive_error.ts";
import type { BlobStore, StoredBlob } from "./blob_store.ts";
import { dockerManifest } from "./docker_manifest.ts";
import { LayerReader, type ReadLayer } from "./layer_reader.ts";
import { type Bounds, Limits } from "./limits.ts";
import { checkDigest, type Located } from "./located.ts";
import { ociIndex } from "./oci_index.ts";
import { type ImageSource, openSource } from "./open_source.ts";
import { explain } from "./explain.ts";
import { choose } from "./platform.ts";

export type { ImageSource };

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
    const limits = new Limits(options.bounds, options.signal);
    const store = await openSource(
      source,
      limits,
      (hashed) => new LayerReader(limits, hashed, options.probe),
      { signal: options.signal },
    );
    const images = await ociIndex(store) ?? await dockerManifest(store);
    if (images === undefined) throw notAnArchive(store);
    if (images.length === 0) throw new ArchiveError("it holds no image");
    const image = choose(images, source.reference, options.platform);
    return await assemble(store, image, source.reference);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw explain(error, source);
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
  const read = new Map<string, StoredBlob<ReadLayer>>();
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
    document: document.document,
    layers: result,
  };
}

function checkLayer(
  blob: StoredBlob<ReadLayer>,
  path: string,
  digest: string | undefined,
  diffId: string,
): ReadLayer {
  // A damaged blob has many symptoms; its digest is the cause.
  checkDigest(path, `sha256:${blob.sha256}`, digest);
  const error = blob.error ?? blob.tar?.error;
  // What was damaged beyond recognition is no tar any more, but has a digest.
  if (blob.error === undefined) {
    checkDigest(path, blob.tar?.diffId ?? `sha256:${blob.sha256}`, diffId);
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
