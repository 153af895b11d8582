/** An archive or a file in one, told by its first bytes: tar, document or other. @module */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Compression } from "./model.ts";
import { type ArchiveError, NotAnArchive } from "./archive_error.ts";
import {
  type ByteSink,
  Decompressor,
  sniffCompression,
} from "./decompressor.ts";
import type { Limits } from "./limits.ts";
import { BLOCK, checksumHolds, isZero } from "./tar_header.ts";

/** Takes the bytes of a tar and makes something of them. */
export interface TarSink<T> extends ByteSink {
  /** @param sha256 Hex SHA-256 of the tar, if it is known already. */
  finish(sha256?: string): T | Promise<T>;
}

export interface TarBlob {
  path: string;
  compression: Compression;
  /** Whether the SHA-256 of the tar will be known anyway. */
  isHashed: boolean;
}

export type OpenTar<T> = (blob: TarBlob) => TarSink<T>;

export interface StoredBlob<T> {
  /** With links followed. */
  path: string;
  /** Hex, of the bytes as stored. */
  sha256: string;
  bytes: number;
  compression: Compression;
  /** The whole of it, for what is no layer and not too large. */
  document?: Uint8Array;
  tar?: T;
  /** Why it could not be decompressed. */
  error?: ArchiveError;
}

export interface BlobStore<T> {
  /** Names at the top, to tell what it is when it is no image archive. */
  readonly top: string[];
  /** @throws {ArchiveError} for links that do not lead to a file. */
  blob(path: string): Promise<StoredBlob<T> | undefined>;
  has(path: string): Promise<boolean>;
}

/** Manifests and configs are far smaller; registries refuse more than 4 MiB. */
export const LARGEST_DOCUMENT = 8 * 2 ** 20;

/** Reads one blob that is written to it; an archive, which has no path, must be a tar. */
export class BlobReader<T> {
  readonly #hash?: ReturnType<typeof createHash>;
  #bytes = 0;
  /** What has arrived of the first 512 bytes while they are not complete. */
  #start?: Uint8Array;
  #compression: Compression = "none";
  #decompressor?: Decompressor;
  #tar?: TarSink<T>;
  #document?: Uint8Array[];
  #kind: "unknown" | "tar" | "compressed" | "document" | "other" = "unknown";

  constructor(
    private readonly path: string | undefined,
    private readonly limits: Limits,
    private readonly openTar: OpenTar<T>,
  ) {
    if (path !== undefined) this.#hash = createHash("sha256");
  }

  /** Takes the next bytes, which must stay as they are until {@linkcode settled}. */
  write(chunk: Uint8Array): void {
    this.#hash?.update(chunk);
    this.#bytes += chunk.length;
    if (this.#kind !== "unknown") return this.#pass(chunk);
    const start = this.#start === undefined
      ? chunk
      : Buffer.concat([this.#start, chunk]);
    if (start.length < BLOCK) {
      this.#start = start.slice();
      return;
    }
    this.#start = undefined;
    this.#decide(start);
    this.#pass(start);
  }

  /** Resolves when the chunks written so far are no longer needed. */
  async settled(): Promise<void> {
    await this.#decompressor?.settled();
    await this.#tar?.pending;
  }

  get busy(): boolean {
    return this.#decompressor !== undefined || this.#tar?.pending !== undefined;
  }

  async finish(): Promise<StoredBlob<T>> {
    if (this.#kind === "unknown") {
      const start = this.#start ?? new Uint8Array(0);
      this.#decide(start);
      this.#pass(start);
    }
    await this.#decompressor?.end();
    const sha256 = this.#hash?.digest("hex") ?? "";
    return {
      path: this.path ?? "",
      sha256,
      bytes: this.#bytes,
      compression: this.#compression,
      document: this.#document && Buffer.concat(this.#document),
      tar: await this.#tar?.finish(this.#kind === "tar" ? sha256 : undefined),
      error: this.#decompressor?.error,
    };
  }

  destroy(): void {
    this.#decompressor?.destroy();
  }

  #decide(start: Uint8Array): void {
    const isArchive = this.path === undefined;
    const compression = this.#compression = sniffCompression(start);
    if (compression !== "none") {
      this.#kind = "compressed";
      const tar = this.#tar = this.#open(false);
      this.#decompressor = new Decompressor(compression, tar, this.limits);
    } else if (
      start.length >= BLOCK &&
      (checksumHolds(start) || !isArchive && isZero(start))
    ) {
      this.#kind = "tar";
      this.#tar = this.#open(true);
    } else if (isArchive) {
      throw new NotAnArchive(
        start.length === 0
          ? "it is empty"
          : "it is neither a tar nor compressed",
      );
    } else if (looksLikeJson(start)) {
      this.#kind = "document";
      this.#document = [];
    } else this.#kind = "other";
  }

  #open(isHashed: boolean): TarSink<T> {
    const compression = this.#compression;
    return this.openTar({ path: this.path ?? "", compression, isHashed });
  }

  #pass(chunk: Uint8Array): void {
    switch (this.#kind) {
      case "tar":
        return this.#tar?.write(chunk);
      case "compressed":
        // Of a blob, its digest may tell more.
        if (this.path === undefined && this.#decompressor?.error) {
          throw this.#decompressor.error;
        }
        return this.#decompressor?.write(chunk);
      case "document":
        if (
          this.#bytes <= LARGEST_DOCUMENT && this.limits.keep(chunk.length)
        ) {
          this.#document?.push(chunk.slice());
        } else {
          this.#kind = "other";
          this.#document = undefined;
        }
    }
  }
}

function looksLikeJson(start: Uint8Array): boolean {
  const first = start.find((byte) => byte !== 0x20 && byte > 0x0d);
  return first === 0x7b || first === 0x5b;
}
