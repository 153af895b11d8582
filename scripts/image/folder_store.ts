/**
 * The blobs of an OCI layout folder (or an unpacked docker-archive), read when
 * they are asked for: a layout may hold many images, of which one is wanted.
 *
 * @module
 */
import { ArchiveError } from "./archive_error.ts";
import { BlobReader, type OpenTar } from "./blob_reader.ts";
import type { BlobStore, StoredBlob } from "./blob_store.ts";
import type { Limits } from "./limits.ts";
import { pumpFile } from "./pump.ts";

/** A folder as a {@linkcode BlobStore}. */
export async function folderStore<T>(
  folder: string,
  limits: Limits,
  openTar: OpenTar<T>,
  signal?: AbortSignal,
): Promise<BlobStore<T>> {
  const top: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    top.push(name);
    if (top.length === 100) break;
  }
  return {
    top: top.sort(),
    async blob(path): Promise<StoredBlob<T> | undefined> {
      const file = await resolve(folder, path);
      if (file === undefined) return undefined;
      const reader = new BlobReader(limits, openTar);
      try {
        await pumpFile(file, (chunk) => {
          limits.read(chunk.length);
          reader.write(chunk);
          if (reader.busy) return reader.settled();
        }, signal);
        return { ...await reader.finish(), path };
      } finally {
        reader.destroy();
      }
    },
    async has(path) {
      return await resolve(folder, path) !== undefined;
    },
  };
}

/** The file itself, which links may not place outside of the folder. */
async function resolve(
  folder: string,
  path: string,
): Promise<string | undefined> {
  try {
    const root = await Deno.realPath(folder);
    const file = await Deno.realPath(`${folder}/${path}`);
    if (!file.startsWith(root === "/" ? root : `${root}/`)) {
      throw new ArchiveError(
        `its link ${JSON.stringify(path)} leads out of the folder`,
      );
    }
    return (await Deno.stat(file)).isFile ? file : undefined;
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory
    ) return undefined;
    if (error instanceof Deno.errors.FilesystemLoop) {
      throw new ArchiveError(
        `its link ${JSON.stringify(path)} leads in a circle`,
        { cause: error },
      );
    }
    throw error;
  }
}
