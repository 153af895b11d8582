/**
 * The blobs of an archive that was scanned in one pass.
 *
 * @module
 */
import { ArchiveError } from "./archive_error.ts";
import type { Scan } from "./archive_scan.ts";
import type { BlobStore, StoredBlob } from "./blob_store.ts";

/** Links in a row that are still followed; old `docker save` needs one. */
const LONGEST_CHAIN = 32;

/** A scan as a {@linkcode BlobStore}. */
export function streamStore<T>(scan: Scan<T>): BlobStore<T> {
  const follow = (path: string): string => {
    let target = path;
    for (let step = 0; step <= LONGEST_CHAIN; step++) {
      const next = scan.links.get(target);
      if (next === undefined) return target;
      target = next;
    }
    throw new ArchiveError(
      `its link ${JSON.stringify(path)} leads in a circle`,
    );
  };
  return {
    top: [...scan.top],
    // deno-lint-ignore require-await -- async, so that a circle rejects
    async blob(path): Promise<StoredBlob<T> | undefined> {
      const target = follow(path);
      const blob = scan.blobs.get(target);
      return blob && { ...blob, path: target };
    },
    // deno-lint-ignore require-await -- async, so that a circle rejects
    async has(path) {
      return scan.blobs.has(follow(path));
    },
  };
}
