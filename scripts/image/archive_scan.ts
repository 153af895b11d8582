/**
 * One pass over an archive that is a tar, itself compressed or not: every file in
 * it that could matter is given to a {@linkcode BlobReader}. The manifest may
 * come last, so what a file is for is only known afterwards.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { ArchiveError, NotAnArchive } from "./archive_error.ts";
import {
  type Blob,
  BlobReader,
  type BlobStore,
  type OpenTar,
} from "./blob_reader.ts";
import { Decompressor, sniffCompression } from "./decompressor.ts";
import type { Limits } from "./limits.ts";
import {
  BLOCK,
  checksumHolds,
  normalisePath,
  type TarHeader,
} from "./tar_header.ts";
import { type TarHandler, TarParser } from "./tar_parser.ts";

/** Links in a row that are still followed; old `docker save` needs one. */
const LONGEST_CHAIN = 32;
/** `blobs/sha256/<hex>` is the deepest that archives go. */
const DEEPEST = 3;
/** An archive of images holds a few hundred files; a root file system many more. */
const MOST_BLOBS = 20_000;

/** Takes the bytes of an archive and scans it. */
export class ArchiveScan<T> implements TarHandler {
  readonly #limits: Limits;
  readonly #openTar: OpenTar<T>;
  readonly #wanted: (path: string) => boolean;
  readonly #parser = new TarParser(this);
  readonly #blobs = new Map<string, Blob<T>>();
  /** Symbolic and hard links, to the normalised path they lead to. */
  readonly #links = new Map<string, string>();
  readonly #top = new Set<string>();
  #outer?: Decompressor;
  #started = false;
  #start: Uint8Array = new Uint8Array(0);
  #path = "";
  #reader?: BlobReader<T>;
  /** Blobs whose bytes have all arrived but are not yet all dealt with. */
  #finishing: { path: string; reader: BlobReader<T> }[] = [];
  #busy: BlobReader<T>[] = [];
  pending?: Promise<void>;

  constructor(
    limits: Limits,
    openTar: OpenTar<T>,
    wanted: (path: string) => boolean = () => true,
  ) {
    this.#limits = limits;
    this.#openTar = openTar;
    this.#wanted = wanted;
  }

  /** Takes the next bytes, which must stay as they are until it has resolved. */
  readonly push = (chunk: Uint8Array): Promise<void> | void => {
    this.#limits.read(chunk.length);
    if (!this.#started) {
      this.#start = Buffer.concat([this.#start, chunk]);
      if (this.#start.length < BLOCK) return;
      chunk = this.#begin();
    }
    return this.#pass(chunk);
  };

  async finish(): Promise<BlobStore<T>> {
    if (!this.#started) {
      if (this.#start.length === 0) throw new NotAnArchive("it is empty");
      await this.#pass(this.#begin());
    }
    await this.#outer?.end();
    if (this.#outer?.error !== undefined) throw this.#outer.error;
    await this.pending;
    this.#parser.finish();
    return {
      top: [...this.#top],
      // deno-lint-ignore require-await -- async, so that a circle rejects
      blob: async (path) => {
        const target = this.#follow(path);
        const blob = this.#blobs.get(target);
        return blob && { ...blob, path: target };
      },
      // deno-lint-ignore require-await -- async, so that a circle rejects
      has: async (path) => this.#blobs.has(this.#follow(path)),
    };
  }

  #follow(path: string): string {
    let target = path;
    for (let step = 0; step <= LONGEST_CHAIN; step++) {
      const next = this.#links.get(target);
      if (next === undefined) return target;
      target = next;
    }
    throw new ArchiveError(
      `its link ${JSON.stringify(path)} leads in a circle`,
    );
  }

  destroy(): void {
    this.#outer?.destroy();
    this.#reader?.destroy();
    for (const { reader } of this.#finishing) reader.destroy();
  }

  #begin(): Uint8Array {
    this.#started = true;
    const start = this.#start;
    this.#start = new Uint8Array(0);
    const compression = sniffCompression(start);
    if (compression !== "none") {
      this.#outer = new Decompressor(compression, this, this.#limits);
    } else if (start.length < BLOCK || !checksumHolds(start)) {
      throw new NotAnArchive("it is neither a tar nor compressed");
    }
    return start;
  }

  #pass(chunk: Uint8Array): Promise<void> | void {
    if (this.#outer !== undefined) return this.#decompress(this.#outer, chunk);
    this.write(chunk);
    return this.pending;
  }

  async #decompress(outer: Decompressor, chunk: Uint8Array): Promise<void> {
    outer.write(chunk);
    await outer.settled();
    if (outer.error !== undefined) throw outer.error;
  }

  write(chunk: Uint8Array): void {
    this.#parser.push(chunk);
    if (this.#reader?.busy) this.#busy.push(this.#reader);
    if (this.#busy.length > 0 || this.#finishing.length > 0) {
      this.pending = this.#settle().finally(() => this.pending = undefined);
    }
  }

  async #settle(): Promise<void> {
    const busy = this.#busy;
    const finishing = this.#finishing;
    this.#busy = [];
    this.#finishing = [];
    for (const reader of busy) await reader.settled();
    for (const { path, reader } of finishing) {
      this.#blobs.set(path, await reader.finish());
    }
  }

  entry(header: TarHeader): void {
    const path = normalisePath(header.path);
    this.#path = path;
    this.#reader = undefined;
    if (this.#top.size < 100) this.#top.add(path.split("/", 1)[0]);
    if (path.split("/").length > DEEPEST) return;
    if (header.type === "symlink") {
      const folder = path.slice(0, path.lastIndexOf("/") + 1);
      const target = header.link.startsWith("/")
        ? header.link
        : folder + header.link;
      this.#link(path, target);
    } else if (header.type === "hardlink") {
      this.#link(path, header.link);
    } else if (
      header.type === "file" && this.#wanted(path) &&
      this.#blobs.size + this.#finishing.length < MOST_BLOBS
    ) this.#reader = new BlobReader(path, this.#limits, this.#openTar);
  }

  #link(path: string, target: string): void {
    try {
      this.#links.set(path, normalisePath(target));
    } catch (error) {
      // A link to somewhere else leads to no blob; nothing else comes of it.
      if (!(error instanceof ArchiveError)) throw error;
    }
  }

  hole(bytes: number): void {
    this.#limits.expanded(bytes);
  }

  data(chunk: Uint8Array): void {
    this.#reader?.write(chunk);
  }

  entryEnd(): void {
    if (this.#reader === undefined) return;
    this.#finishing.push({ path: this.#path, reader: this.#reader });
    this.#reader = undefined;
  }
}
