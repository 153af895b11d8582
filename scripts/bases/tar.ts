/**
 * Tar archives as streams: entries in, entries out, backpressure kept, so that a
 * root filesystem of hundreds of megabytes never sits in memory or in a copy.
 *
 * @module
 */
import { messageOf } from "../lib/errors.ts";
import { extract, type Header, type Pack, pack } from "tar-stream";

/** An entry while its archive streams by. */
export interface Member {
  header: Header;
  /** Content of a file; valid until the next entry is asked for. */
  body: AsyncIterable<Uint8Array>;
}

/** An entry to write; owner is root and the type a file unless told. */
export type NewEntry =
  & Pick<Header, "name" | "mode" | "mtime">
  & Partial<Header>;

/** What a file's content can be given as. */
export type Content = Uint8Array | AsyncIterable<Uint8Array>;

/** An archive cannot be read: it is damaged or ends early. */
export class BrokenTar extends Error {
  override name = "BrokenTar";
}

/**
 * Reads an archive entry by entry.
 *
 * @param stream The bytes of an uncompressed tar.
 * @yields Every entry in order; a body that is not read is skipped.
 * @throws {BrokenTar} from the generator, or from a body; what the stream errors
 * with, as it is.
 */
export async function* readTar(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<Member> {
  const archive = extract();
  let failed: { error: unknown } | undefined;
  const feeding = feed(stream, archive).catch((error) => {
    failed = { error };
    archive.destroy(error);
  });
  async function* intact<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* items;
    } catch (cause) {
      if (failed) throw failed.error;
      throw new BrokenTar(`Cannot read tar: ${messageOf(cause)}`, { cause });
    }
  }
  try {
    for await (const source of intact(archive)) {
      yield {
        header: source.header,
        body: intact(source as AsyncIterable<Uint8Array>),
      };
      source.resume();
    }
  } finally {
    archive.destroy();
    await feeding;
  }
}

/**
 * Reads the content of an entry.
 *
 * @param body A member's body.
 * @returns All of its bytes.
 */
export async function bytesOf(
  body: AsyncIterable<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: BlobPart[] = [];
  // A stream may use the memory of a chunk again, so each one is copied.
  for await (const chunk of body) chunks.push(chunk.slice());
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** The side of tar-stream's writable streams that is used here. */
interface Writable {
  write(chunk: Uint8Array): boolean;
  end(last: null): void;
  destroy(error?: Error): void;
  destroyed: boolean;
  on(event: string, listener: () => void): void;
  once(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
}

/** Waits until a stream takes more, or has ended. */
function drained(writable: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      writable.off("drain", done);
      writable.off("close", done);
      resolve();
    };
    writable.once("drain", done);
    writable.once("close", done);
  });
}

async function feed(
  stream: ReadableStream<Uint8Array>,
  writable: Writable,
): Promise<void> {
  for await (const chunk of stream) {
    if (writable.destroyed) return;
    if (!writable.write(chunk) && !writable.destroyed) await drained(writable);
  }
  writable.end(null);
}

/** Writes an archive to a file; disposing of it closes the file. */
export class TarWriter implements AsyncDisposable {
  readonly #pack: Pack = pack();
  readonly #file: Deno.FsFile;
  readonly #written: Promise<void>;
  #failure: Error | undefined;

  /** @param path The file to write; what it held is lost. */
  constructor(path: string) {
    this.#file = Deno.openSync(path, { write: true, create: true });
    this.#written = this.#drain();
  }

  /**
   * Adds an entry.
   *
   * @param entry Its header; a file's `size` must be given with a stream.
   * @param content What a file holds; nothing for other types.
   * @throws when the content is not `size` bytes long or the disk is full.
   */
  async add(entry: NewEntry, content?: Content): Promise<void> {
    const header = { ...entry };
    if (content instanceof Uint8Array) header.size = content.length;
    header.type ??= "file";
    if (header.type !== "file") header.size = 0;
    let sink: Writable | undefined;
    const stored = new Promise<void>((resolve, reject) => {
      sink = this.#pack.entry(
        header,
        (error) => error ? reject(this.#failure ?? error) : resolve(),
      ) as Writable;
    });
    // Both are awaited; this keeps an early failure from being unhandled.
    stored.catch(() => {});
    // The callback above reports it; without a listener it would be thrown.
    sink?.on("error", () => {});
    if (header.type === "file" && sink !== undefined) {
      await fill(sink, content ?? new Uint8Array());
    }
    await stored;
  }

  /** Writes the end of the archive. */
  async finish(): Promise<void> {
    this.#pack.finalize();
    await this.#written;
    if (this.#failure) throw this.#failure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pack.destroy();
    await this.#written;
    this.#file.close();
  }

  async #drain(): Promise<void> {
    try {
      for await (const chunk of this.#pack as AsyncIterable<Uint8Array>) {
        await this.#write(chunk);
      }
    } catch (error) {
      this.#failure ??= toError(error);
    }
  }

  async #write(chunk: Uint8Array): Promise<void> {
    try {
      let rest = chunk;
      while (rest.length > 0) {
        rest = rest.subarray(await this.#file.write(rest));
      }
    } catch (error) {
      // Noted before the loop above ends the pack, which fails what waits.
      this.#failure = toError(error);
      throw error;
    }
  }
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

async function fill(sink: Writable, content: Content): Promise<void> {
  try {
    for await (const chunk of chunks(content)) {
      if (sink.destroyed) break;
      if (!sink.write(chunk) && !sink.destroyed) await drained(sink);
    }
    sink.end(null);
  } catch (error) {
    sink.destroy();
    throw error;
  }
}

async function* chunks(content: Content): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) yield content;
  else yield* content;
}
