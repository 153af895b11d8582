/**
 * The `manifest.json` of a docker-archive, as `docker save`, podman, buildah and
 * others write it.
 *
 * @module
 */
import { ArchiveError } from "./archive_error.ts";
import type { BlobStore } from "./blob_store.ts";
import { readConfig } from "./image_config.ts";
import { fieldsOf, parseJson, textOf, textsOf } from "./json.ts";
import { type Located, readDocument } from "./located.ts";
import { normalisePath } from "./normalise_path.ts";

/**
 * The images that a `manifest.json` lists.
 *
 * @returns `undefined` when there is no such document.
 * @throws {ArchiveError} when it or a config cannot be read.
 */
export async function dockerManifest(
  store: BlobStore,
): Promise<Located[] | undefined> {
  if (!await store.has("manifest.json")) return undefined;
  const { bytes } = await readDocument(store, "manifest.json");
  const list = parseJson(bytes, "manifest.json");
  if (!Array.isArray(list)) {
    throw new ArchiveError("manifest.json is not a list of images");
  }
  const images: Located[] = [];
  for (const item of list.map(fieldsOf)) {
    const path = normalisePath(textOf(item.Config));
    const config = await readDocument(store, path);
    const document = readConfig(config.bytes, path);
    images.push({
      names: textsOf(item.RepoTags),
      platform: document,
      id: config.digest,
      config: document,
      layers: textsOf(item.Layers).map((layer) => {
        const path = normalisePath(layer);
        return { path, digest: digestIn(path) };
      }),
    });
  }
  return images;
}

/** The digest that a path states; `<id>/layer.tar` states none. */
function digestIn(path: string): string | undefined {
  const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(path)?.[1];
  return hex && `sha256:${hex}`;
}
