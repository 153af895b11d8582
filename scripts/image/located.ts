/**
 * An image in an archive, found but not yet put together, and the one way to read
 * a document whose name states its digest.
 *
 * @module
 */
import { ArchiveError } from "./archive_error.ts";
import { LARGEST_DOCUMENT } from "./blob_reader.ts";
import type { BlobStore } from "./blob_store.ts";
import type { ConfigDocument } from "./image_config.ts";
import type { Candidate } from "./platform.ts";

/** An image whose config was read, and where its layers are. */
export interface Located extends Candidate {
  config: ConfigDocument;
  /** Lowest first; the digest is of the blob as stored, where one is stated. */
  layers: { path: string; digest?: string }[];
}

/** Where a digest is stored in an OCI layout. */
export function blobPath(digest: string): string {
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
export async function readDocument(
  store: BlobStore,
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
