/**
 * A layer's tar as it streams by: its diff ID, its entries, the digest of each
 * file, and the contents that a probe asked for. Keeps no content.
 *
 * @module
 */
import { createHash, hash } from "node:crypto";
import type { Entry, Probe, Sink } from "./model.ts";
import { ArchiveError } from "./archive_error.ts";
import type { TarSink } from "./blob_reader.ts";
import type { Limits } from "./limits.ts";
import { normalisePath } from "./normalise_path.ts";
import type { TarHeader } from "./tar_header.ts";
import { type TarHandler, TarParser } from "./tar_parser.ts";

/** A layer before it is known which image it belongs to. */
export interface ReadLayer {
  diffId: string;
  entries: Entry[];
  /** Why the entries are not complete: the tar is damaged. */
  error?: ArchiveError;
}

/** SHA-256 of nothing, for the many empty files. */
const EMPTY = hash("sha256", "");

/** Reads one layer. */
export class LayerReader implements TarHandler, TarSink<ReadLayer> {
  readonly #probe?: Probe;
  readonly #limits: Limits;
  readonly #parser = new TarParser(this);
  readonly #hash?: ReturnType<typeof createHash>;
  readonly #entries: Entry[] = [];
  #error?: ArchiveError;
  #entry?: Entry;
  #fileHash?: ReturnType<typeof createHash>;
  #sink?: Sink;

  /** @param hashed Whether {@linkcode finish} will be given the SHA-256. */
  constructor(limits: Limits, hashed: boolean, probe?: Probe) {
    if (!hashed) this.#hash = createHash("sha256");
    this.#limits = limits;
    this.#probe = probe;
  }

  /** Takes the next bytes of the tar. A damaged tar is still hashed to its end. */
  write(chunk: Uint8Array): void {
    this.#hash?.update(chunk);
    if (this.#error === undefined) {
      this.#attempt(() => this.#parser.push(chunk));
    }
  }

  /** The layer, once all bytes were written. */
  finish(sha256?: string): ReadLayer {
    if (this.#error === undefined) this.#attempt(() => this.#parser.finish());
    return {
      diffId: `sha256:${sha256 ?? this.#hash?.digest("hex")}`,
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

  entry(header: TarHeader): void {
    const { type, size, mode, uid, gid, mtime } = header;
    const path = normalisePath(header.path);
    const entry: Entry = {
      path,
      type,
      size: type === "file" ? size : 0,
      mode,
      uid,
      gid,
      mtime,
      link: type === "symlink"
        ? header.link
        : type === "hardlink"
        ? normalisePath(header.link)
        : undefined,
      device: header.device,
      capabilities: header.capabilities,
      sha256: undefined,
      found: undefined,
    };
    this.#limits.entry(path.length + (entry.link?.length ?? 0));
    this.#entries.push(entry);
    this.#entry = entry;
    if (type === "file") this.#sink = this.#probe?.(entry);
  }

  data(chunk: Uint8Array): void {
    const entry = this.#entry;
    if (entry?.type !== "file") return;
    if (this.#fileHash !== undefined) this.#fileHash.update(chunk);
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
