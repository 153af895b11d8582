/**
 * What an archive holds, whichever way it is stored: read once as it streams by,
 * or on demand from a folder.
 *
 * @module
 */
import type { Blob } from "./blob_reader.ts";
import type { ReadLayer } from "./layer_reader.ts";

/** A blob and where it is, with links followed. */
export type StoredBlob<T> = Blob<T> & { path: string };

/** Gives the blobs of one archive by path. */
export interface BlobStore<T = ReadLayer> {
  /** Names at the top, to tell what it is when it is no image archive. */
  readonly top: string[];
  /**
   * Reads a blob.
   *
   * @returns `undefined` when there is none.
   * @throws {ArchiveError} for links that do not lead to a file.
   */
  blob(path: string): Promise<StoredBlob<T> | undefined>;
  /** Whether there is such a blob, without reading it. */
  has(path: string): Promise<boolean>;
}
