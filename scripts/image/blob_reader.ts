/**
 * An archive or a file in one, told by its first bytes: tar, document or other; gzip
 * and zstd are decompressed by node:zlib, xz and bzip2 by the machine's program, as
 * docker does it with xz.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Duplex } from "node:stream";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import { messageOf } from "../lib/errors.ts";
import { ArchiveError, NotAnArchive } from "./archive_error.ts";
import { eventLoopTurn, type Limits } from "./limits.ts";
import type { Compression } from "./model.ts";
import { BLOCK, checksumHolds, isZero } from "./tar_parser.ts";

/** Takes bytes; a chunk is only valid during the call. */
export interface ByteSink {
  write(chunk: Uint8Array): void;
  /** Set while it can take no more; the next write waits for it. */
  readonly pending?: Promise<void>;
}

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

function sniffCompression(start: Uint8Array): Compression {
  const head = String.fromCharCode(...start.subarray(0, 10));
  if (head.startsWith("\x1f\x8b\x08")) return "gzip";
  if (head.startsWith("\x28\xb5\x2f\xfd")) return "zstd";
  if (head.startsWith("\xfd7zXZ\0")) return "xz";
  if (/^BZh.1AY&SY/s.test(head)) return "bzip2";
  const isSkippable = start[0] >> 4 === 5 && head.startsWith("*M\x18", 1);
  return isSkippable ? "zstd" : "none";
}

/** By name, with the package of Debian that has it. */
const PROGRAMS = {
  xz: { args: ["-dcq", "--memlimit-decompress=512MiB"], package: "xz-utils" },
  bzip2: { args: ["-dc"], package: "bzip2" },
};

/** A stream through a program; its complaint becomes the stream's error. */
function throughProgram(name: keyof typeof PROGRAMS): Duplex {
  const { args, package: owner } = PROGRAMS[name];
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(name, {
      args,
      env: { LC_ALL: "C" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (cause) {
    throw new ArchiveError(
      `it is compressed with ${name}, and the program "${name}" cannot be started`,
      { next: `Install ${owner}, or decompress it first: ${name} -d`, cause },
    );
  }
  const errors = new Response(child.stderr).text();
  async function* output() {
    yield* child.stdout;
    const { success } = await child.status;
    if (!success) throw new Error(await errors);
  }
  const readable = ReadableStream.from(output());
  return Duplex.fromWeb({ readable, writable: child.stdin });
}

const OUTPUT_CHUNK = 256 * 1024;
/** 128 MiB: the largest window that zstd itself decompresses unasked. */
const LARGEST_WINDOW_LOG = 27;

function open(compression: Exclude<Compression, "none">): Duplex {
  const chunkSize = OUTPUT_CHUNK;
  if (compression === "gzip") return createGunzip({ chunkSize });
  if (compression !== "zstd") return throughProgram(compression);
  const params = { [constants.ZSTD_d_windowLogMax]: LARGEST_WINDOW_LOG };
  return createZstdDecompress({ chunkSize, params });
}

/** Decompresses one stream into a sink; errors of the format are kept apart from bugs. */
class Decompressor {
  readonly #stream: Duplex;
  readonly #frames?: ZstdFrames;
  #failure?: { thrown: unknown };
  #unsettled = 0;
  #waiting?: PromiseWithResolvers<void>;
  readonly #ended = Promise.withResolvers<void>();

  constructor(
    compression: Exclude<Compression, "none">,
    sink: ByteSink,
    limits: Limits,
  ) {
    if (compression === "zstd") this.#frames = new ZstdFrames();
    const stream = this.#stream = open(compression);
    stream.on("data", (chunk: Uint8Array) => {
      if (this.#failure) return;
      this.#attempt(() => {
        limits.expanded(chunk.length);
        sink.write(chunk);
      });
      const pause = sink.pending ?? eventLoopTurn();
      if (pause === undefined) return;
      stream.pause();
      pause.then(() => stream.resume(), (thrown) => this.#stop(thrown));
    });
    stream.on("end", () => this.#ended.resolve());
    stream.on("error", (cause: Error) => {
      const why = /unexpected end|ends unexpectedly/i.test(messageOf(cause))
        ? "cut off"
        : "damaged";
      this.#stop(
        new ArchiveError(`its ${compression} stream is ${why}`, { cause }),
      );
    });
  }

  get error(): ArchiveError | undefined {
    const thrown = this.#failure?.thrown;
    return thrown instanceof ArchiveError ? thrown : undefined;
  }

  /** Takes the next bytes, which must stay as they are until {@linkcode settled}. */
  write(chunk: Uint8Array): void {
    if (this.#failure) return;
    this.#attempt(() => {
      for (const part of this.#frames?.split(chunk) ?? [chunk]) {
        this.#unsettled++;
        this.#stream.write(part, () => {
          if (--this.#unsettled === 0) this.#waiting?.resolve();
        });
      }
    });
  }

  /** Resolves when all that was written has reached the sink; rejects with what the sink threw. */
  async settled(): Promise<void> {
    if (this.#unsettled > 0 && !this.#failure) {
      this.#waiting = Promise.withResolvers();
      await this.#waiting.promise;
    }
    this.#throwBug();
  }

  /** Ends the stream; {@linkcode error} tells whether it was whole. */
  async end(): Promise<void> {
    if (!this.#failure) {
      this.#attempt(() => {
        this.#frames?.finish();
        this.#stream.end();
      });
      await this.#ended.promise;
    }
    this.#throwBug();
  }

  destroy(): void {
    this.#stream.destroy();
    this.#ended.resolve();
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (thrown) {
      this.#stop(thrown);
    }
  }

  #stop(thrown: unknown): void {
    if (this.#failure) return;
    this.#failure = { thrown };
    this.destroy();
    this.#waiting?.resolve();
  }

  #throwBug(): void {
    if (this.#failure && !this.error) throw this.#failure.thrown;
  }
}

/** What comes next of a zstd stream: bytes of a field, or bytes to pass over. */
interface ZstdPart {
  field?: number;
  skip?: number;
}

/**
 * Follows a zstd stream and cuts it at the ends of its frames. Deno's decompressor
 * stops after the first frame of a chunk and takes a stream that is cut off for a
 * whole one; both are found here, from the lengths that a frame states (RFC 8878).
 */
export class ZstdFrames {
  readonly #parts = this.#walk();
  #within: "magic" | "skippable" | "frame" = "magic";
  readonly #field = new Uint8Array(4);
  #have = 0;
  #part: ZstdPart = this.#parts.next().value;
  #missing = 4;
  /** Bytes of a magic number that came with earlier chunks. */
  #held = 0;

  /** Cuts a chunk at the ends of frames, without skippable ones. */
  split(chunk: Uint8Array): Uint8Array[] {
    const parts: Uint8Array[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + this.#missing);
      at += part.length;
      this.#missing -= part.length;
      if (this.#part.field !== undefined) {
        this.#field.set(part, this.#have);
        this.#have += part.length;
      }
      if (this.#missing > 0) break;
      const before = this.#within;
      while (this.#missing === 0) {
        this.#part = this.#parts.next().value;
        this.#missing = this.#part.field ?? this.#part.skip ?? 0;
        this.#have = 0;
      }
      if (this.#within === before) continue;
      if (this.#within === "frame") {
        if (this.#held > 0) parts.push(this.#field.slice(0, this.#held));
      } else {
        if (before === "frame") parts.push(chunk.subarray(start, at));
        start = at;
      }
      this.#held = 0;
    }
    if (this.#within === "magic") this.#held = this.#have;
    if (this.#within === "frame" && start < chunk.length) {
      parts.push(chunk.subarray(start));
    }
    return parts;
  }

  /** @throws {ArchiveError} when the stream stops within a frame. */
  finish(): void {
    if (this.#within !== "magic" || this.#have > 0) {
      throw new ArchiveError("its zstd stream is cut off");
    }
  }

  *#walk(): Generator<ZstdPart, never> {
    const field = this.#field;
    for (;;) {
      this.#within = "magic";
      yield { field: 4 };
      const magic = uint32(field);
      if ((magic & ~0xf) >>> 0 === 0x184d2a50) {
        this.#within = "skippable";
        yield { field: 4 };
        yield { skip: uint32(field) };
        continue;
      }
      if (magic !== 0xfd2fb528) throw damaged();
      this.#within = "frame";
      yield { field: 1 };
      const [descriptor] = field;
      const single = (descriptor & 0x20) !== 0;
      const contentSize = descriptor >> 6;
      yield {
        skip: (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3] +
          (contentSize > 0 ? 2 ** contentSize : single ? 1 : 0),
      };
      for (let isLast = false; !isLast;) {
        yield { field: 3 };
        const value = field[0] | field[1] << 8 | field[2] << 16;
        const type = value >> 1 & 3;
        if (type === 3) throw damaged();
        isLast = (value & 1) !== 0;
        yield { skip: type === 1 ? 1 : value >> 3 };
      }
      const hasChecksum = (descriptor & 4) !== 0;
      yield { skip: hasChecksum ? 4 : 0 };
    }
  }
}

function uint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer).getUint32(0, true);
}

function damaged(): ArchiveError {
  return new ArchiveError("its zstd stream is damaged");
}
