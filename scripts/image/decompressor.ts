/**
 * Compressed streams behind a narrow interface: bytes in, bytes out to a sink,
 * errors of the format kept apart from bugs. gzip and zstd are node:zlib's; xz and
 * bzip2 go through the machine's program, as docker does it with xz.
 *
 * @module
 */
import { Duplex } from "node:stream";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import type { Compression } from "./model.ts";
import { messageOf } from "../lib/errors.ts";
import { ArchiveError } from "./archive_error.ts";
import { eventLoopTurn, type Limits } from "./limits.ts";

/** Takes bytes; a chunk is only valid during the call. */
export interface ByteSink {
  write(chunk: Uint8Array): void;
  /** Set while it can take no more; the next write waits for it. */
  readonly pending?: Promise<void>;
}

/** How a blob is compressed, told by its first bytes. */
export function sniffCompression(start: Uint8Array): Compression {
  if (start[0] === 0x1f && start[1] === 0x8b && start[2] === 8) return "gzip";
  const zstd = start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd;
  if (zstd && start[0] === 0x28) return "zstd";
  if (start[0] === 0xfd && holds(start, 1, "7zXZ\0")) return "xz";
  if (holds(start, 0, "BZh") && holds(start, 4, "1AY&SY")) return "bzip2";
  const skippable = start[1] === 0x2a && start[2] === 0x4d && start[3] === 0x18;
  return skippable && start[0] >> 4 === 5 ? "zstd" : "none";
}

function holds(bytes: Uint8Array, at: number, text: string): boolean {
  return [...text].every((letter, n) => bytes[at + n] === letter.charCodeAt(0));
}

/** Programs that decompress, and the package of Debian that has them. */
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
  switch (compression) {
    case "gzip":
      return createGunzip({ chunkSize: OUTPUT_CHUNK });
    case "zstd":
      return createZstdDecompress({
        chunkSize: OUTPUT_CHUNK,
        params: { [constants.ZSTD_d_windowLogMax]: LARGEST_WINDOW_LOG },
      });
    default:
      return throughProgram(compression);
  }
}

/** Decompresses one stream. */
export class Decompressor {
  readonly #stream: Duplex;
  readonly #frames?: ZstdFrames;
  readonly #name: string;
  #error?: ArchiveError;
  #bug?: { thrown: unknown };
  #unsettled = 0;
  #waiting?: PromiseWithResolvers<void>;
  readonly #ended = Promise.withResolvers<void>();

  constructor(
    compression: Exclude<Compression, "none">,
    sink: ByteSink,
    limits: Limits,
  ) {
    this.#name = compression;
    if (compression === "zstd") this.#frames = new ZstdFrames();
    const stream = this.#stream = open(compression);
    stream.on("data", (chunk: Uint8Array) => {
      if (this.#stopped) return;
      try {
        limits.expanded(chunk.length);
        sink.write(chunk);
      } catch (thrown) {
        this.#stop(thrown);
        return;
      }
      const pause = sink.pending ?? eventLoopTurn();
      if (pause !== undefined) {
        stream.pause();
        pause.then(
          () => stream.resume(),
          (thrown) => this.#stop(thrown),
        );
      }
    });
    stream.on("end", () => this.#ended.resolve());
    stream.on("error", (error: Error) => {
      const cutOff = /unexpected end|ends unexpectedly/i
        .test(messageOf(error));
      this.#stop(
        new ArchiveError(
          `its ${this.#name} stream is ${cutOff ? "cut off" : "damaged"}`,
          { cause: error },
        ),
      );
    });
  }

  get error(): ArchiveError | undefined {
    return this.#error;
  }

  get #stopped(): boolean {
    return this.#error !== undefined || this.#bug !== undefined;
  }

  /** Takes the next bytes, which must stay as they are until {@linkcode settled}. */
  write(chunk: Uint8Array): void {
    if (this.#stopped) return;
    try {
      for (const part of this.#frames?.split(chunk) ?? [chunk]) {
        this.#unsettled++;
        this.#stream.write(part, () => {
          this.#unsettled--;
          this.#settle();
        });
      }
    } catch (thrown) {
      this.#stop(thrown);
    }
  }

  /** Resolves when all that was written has reached the sink; rejects with what the sink threw. */
  async settled(): Promise<void> {
    if (this.#unsettled > 0 && !this.#stopped) {
      this.#waiting = Promise.withResolvers();
      await this.#waiting.promise;
    }
    if (this.#bug !== undefined) throw this.#bug.thrown;
  }

  /** Ends the stream; {@linkcode error} tells whether it was whole. */
  async end(): Promise<void> {
    if (!this.#stopped) {
      try {
        this.#frames?.finish();
        this.#stream.end();
      } catch (thrown) {
        this.#stop(thrown);
      }
      await this.#ended.promise;
    }
    if (this.#bug !== undefined) throw this.#bug.thrown;
  }

  destroy(): void {
    this.#stream.destroy();
    this.#ended.resolve();
  }

  #stop(thrown: unknown): void {
    if (this.#stopped) return;
    if (thrown instanceof ArchiveError) this.#error = thrown;
    else this.#bug = { thrown };
    this.destroy();
    this.#waiting?.resolve();
  }

  #settle(): void {
    if (this.#unsettled === 0) this.#waiting?.resolve();
  }
}

/** A field to collect, followed by bytes that need not be looked at. */
type Part = "magic" | "skippable" | "header" | "block" | "checksum";

const FIELD: Record<Part, number> = {
  magic: 4,
  skippable: 4,
  header: 1,
  block: 3,
  checksum: 4,
};

/**
 * Follows a zstd stream and cuts it at the ends of its frames. Deno's decompressor
 * stops after the first frame of a chunk and takes a stream that is cut off for a
 * whole one; both are found here, from the lengths that a frame states (RFC 8878).
 */
export class ZstdFrames {
  #part: Part = "magic";
  readonly #field = new Uint8Array(4);
  #have = 0;
  /** Bytes of a magic number that came with an earlier chunk. */
  #held = 0;
  /** Bytes still to come after the field. */
  #remaining = 0;
  #lastBlock = false;
  #checksum = false;

  /**
   * The parts of a chunk that can be decompressed one by one: none crosses the
   * end of a frame, and skippable frames are left out.
   *
   * @throws {ArchiveError} when the bytes are no zstd frames.
   */
  split(chunk: Uint8Array): Uint8Array[] {
    const parts: Uint8Array[] = [];
    let start = 0;
    let at = 0;
    const emit = (end: number) => {
      if (end > start) parts.push(chunk.subarray(start, end));
      start = end;
    };
    while (at < chunk.length) {
      if (this.#remaining > 0) {
        const step = Math.min(this.#remaining, chunk.length - at);
        at += step;
        this.#remaining -= step;
      } else {
        this.#field[this.#have++] = chunk[at++];
        if (this.#have < FIELD[this.#part]) continue;
        this.#have = 0;
        this.#remaining = this.#following();
      }
      if (this.#remaining > 0) continue;
      const ended = this.#part;
      if (!this.#next()) {
        if (ended === "magic") {
          // Of a skippable frame nothing is passed on, its magic included.
          if (this.#part === "skippable") start = at;
          else if (this.#held > 0) {
            parts.push(this.#field.slice(0, this.#held));
          }
          this.#held = 0;
        }
      } else if (ended === "skippable") start = at;
      else emit(at);
    }
    if (this.#part === "skippable") return parts;
    if (this.#part === "magic") {
      emit(Math.max(start, chunk.length - this.#have));
      this.#held = this.#have;
    } else emit(chunk.length);
    return parts;
  }

  /** @throws {ArchiveError} when the stream stops within a frame. */
  finish(): void {
    if (this.#part !== "magic" || this.#have > 0) {
      throw new ArchiveError("its zstd stream is cut off");
    }
  }

  /** How many bytes follow the field that is now complete. */
  #following(): number {
    const field = this.#field;
    switch (this.#part) {
      case "skippable":
        return uint32(field);
      case "header": {
        const single = (field[0] & 0x20) !== 0;
        const contentSize = field[0] >> 6;
        this.#checksum = (field[0] & 0x04) !== 0;
        return (single ? 0 : 1) + [0, 1, 2, 4][field[0] & 3] +
          (contentSize > 0 ? 2 ** contentSize : single ? 1 : 0);
      }
      case "block": {
        const value = field[0] | field[1] << 8 | field[2] << 16;
        const type = value >> 1 & 3;
        if (type === 3) throw damaged();
        this.#lastBlock = (value & 1) !== 0;
        return type === 1 ? 1 : value >> 3;
      }
      default:
        return 0;
    }
  }

  /** Goes on to the next part; tells whether a frame has ended. */
  #next(): boolean {
    switch (this.#part) {
      case "magic": {
        const magic = uint32(this.#field);
        if ((magic & ~0xf) >>> 0 === 0x184d2a50) this.#part = "skippable";
        else if (magic === 0xfd2fb528) this.#part = "header";
        else throw damaged();
        return false;
      }
      case "header":
        this.#part = "block";
        return false;
      case "block":
        if (!this.#lastBlock) return false;
        if (this.#checksum) {
          this.#part = "checksum";
          return false;
        }
        break;
    }
    this.#part = "magic";
    return true;
  }
}

function uint32(bytes: Uint8Array): number {
  return (bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24) >>> 0;
}

function damaged(): ArchiveError {
  return new ArchiveError("its zstd stream is damaged");
}
