/**
 * Images that were read before, on disk by what the engine calls them: an ID is
 * made of what it stands for, so neither it nor an entry ever grows old. Only
 * what was read from an engine and checked is kept; archives are always read.
 *
 * @module
 */
import { hash } from "node:crypto";
import { join } from "node:path";
import own from "../../deno.json" with { type: "json" };
import { readCache, writeCache } from "../lib/cache.ts";
import type { Image } from "../image/model.ts";

/** Entries beyond which an image is not kept: it would take more memory than reading it. */
const MOST_ENTRIES = 50_000;
/** Characters of an image as JSON; one of 10,000 files takes 2 million. */
const LONGEST = 8 * 2 ** 20;
/** Images kept, the latest used; what all may take on disk follows. */
const MOST_IMAGES = 16;

/** A folder of images. */
export class ImageCache {
  readonly #folder: string;
  readonly #version: () => string;

  /**
   * @param folder Made when it is not there.
   * @param version Of what reads and probes images.
   */
  constructor(
    folder: string,
    version: () => string = readerVersion,
  ) {
    this.#folder = folder;
    this.#version = version;
  }

  /**
   * The image that was kept.
   *
   * @param key The engine, its version and its ID of the image.
   * @returns `undefined` when there is none, or its entry is damaged.
   */
  async get(key: string[]): Promise<Image | undefined> {
    const file = this.#file(key);
    const kept = await readCache(file) as Partial<Kept> | null | undefined;
    if (typeof kept?.image !== "object") return undefined;
    // What has our checksum was written by the same code, so its shape is right.
    if (checksum(JSON.stringify(kept.image)) !== kept.sha256) return undefined;
    // The time of a file tells when it was of use.
    await Deno.utime(file, new Date(), new Date()).catch(() => {});
    return kept.image;
  }

  /** Keeps an image, unless it is too large, and drops what was long not used. */
  async put(key: string[], image: Image): Promise<void> {
    const file = this.#file(key);
    const entries = image.layers.reduce(
      (n, layer) => n + layer.entries.length,
      0,
    );
    if (entries > MOST_ENTRIES) return;
    const text = JSON.stringify(image);
    if (text.length > LONGEST) return;
    const kept: Kept = { sha256: checksum(text), image };
    await writeCache(file, kept);
    await this.#prune();
  }

  #file(key: string[]): string {
    const name = hash("sha256", JSON.stringify([this.#version(), ...key]));
    return join(this.#folder, `${name}.json`);
  }

  async #prune(): Promise<void> {
    try {
      const files: { path: string; used: number }[] = [];
      for await (const { name } of Deno.readDir(this.#folder)) {
        const path = join(this.#folder, name);
        const { mtime } = await Deno.stat(path);
        files.push({ path, used: mtime?.getTime() ?? 0 });
      }
      files.sort((a, b) => b.used - a.used);
      for (const { path } of files.slice(MOST_IMAGES)) await Deno.remove(path);
    } catch {
      // Another run may be at the same; what is left goes next time.
    }
  }
}

/** An entry as it is written. */
interface Kept {
  /** Of the image as JSON. */
  sha256: string;
  image: Image;
}

function checksum(text: string): string {
  return hash("sha256", text);
}

/** The layers of code that an image goes through: other code is another cache. */
const READERS = ["../image/", "../inspect/", "../deno_binary/"];

/**
 * What reads and probes images: the bytes of its code in a clone; in a package,
 * whose modules are no files, its version.
 */
function readerVersion(): string {
  if (!import.meta.url.startsWith("file:")) return own.version;
  const texts = READERS.flatMap((reader) =>
    modulesBelow(new URL(reader, import.meta.url))
  ).map((file) => Deno.readTextFileSync(file));
  return hash("sha256", JSON.stringify(texts));
}

/** The modules of a folder and its folders, tests left out. */
function modulesBelow(folder: URL): URL[] {
  return [...Deno.readDirSync(folder)]
    .sort((a, b) => a.name < b.name ? -1 : 1)
    .flatMap(({ name, isDirectory }) => {
      if (isDirectory) return modulesBelow(new URL(`${name}/`, folder));
      return name.endsWith("_test.ts") ? [] : [new URL(name, folder)];
    });
}
