/** Tar archives as streams: hundreds of megabytes never sit in memory. @module */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import type { Entry } from "../image/model.ts";
import { TarParser } from "../image/tar_parser.ts";

/** An entry to write; owner is root and the type a file unless told. */
export type NewEntry =
  & Pick<Entry, "path" | "mode" | "mtime">
  & Partial<Entry>;

export type Content = Uint8Array | AsyncIterable<Uint8Array>;

/** Reads a tar entry by entry; what was not read of a body is skipped with the next. */
export async function* readTar(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<{ header: Entry; body: AsyncIterable<Uint8Array> }> {
  const parts = partsOf(stream);
  async function* content(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { value } = await parts.next();
      if (!(value instanceof Uint8Array)) return;
      yield value;
    }
  }
  for await (const part of parts) {
    // Anything else is content that its reader has left.
    if (typeof part === "object" && "path" in part) {
      yield { header: part, body: content() };
    }
  }
}

/** Entries, their content in chunks, and where it ends. */
async function* partsOf(stream: ReadableStream<Uint8Array>) {
  const parts: (Entry | Uint8Array | "end")[] = [];
  const parser = new TarParser({
    entry: (entry) => parts.push(entry),
    data: (chunk) => parts.push(chunk),
    entryEnd: () => parts.push("end"),
  });
  for await (const chunk of stream) {
    parser.push(chunk);
    yield* parts.splice(0);
  }
  parser.finish();
}

export function readAll(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return new Response(ReadableStream.from(body)).bytes();
}

/** Writes an archive to a file; disposing of it closes the file. */
export class TarWriter implements AsyncDisposable {
  readonly #pack: Pack = pack();
  readonly #written: Promise<void>;

  constructor(path: string) {
    this.#written = pipeline(this.#pack, createWriteStream(path));
    this.#written.catch(() => {}); // Whoever adds something or finishes sees it.
  }

  /** Adds an entry, of which `size` must be given where the content is a stream. */
  async add(
    entry: NewEntry,
    content: Content = new Uint8Array(),
  ): Promise<void> {
    const { path, mode, uid = 0, gid = 0, mtime, type = "file", link } = entry;
    const size = content instanceof Uint8Array ? content.length : entry.size;
    try {
      const sink = this.#pack.entry({
        name: path,
        mode,
        uid,
        gid,
        mtime: new Date(mtime * 1000),
        type: type === "hardlink" ? "link" : type,
        ...(link ? { linkname: link } : {}),
        size: type === "file" ? size : 0,
      });
      if (type === "file") await pipeline(chunks(content), sink);
    } catch (error) {
      // The file may have failed before: that tells why.
      this.#pack.destroy();
      await this.#written;
      throw error;
    }
  }

  async finish(): Promise<void> {
    this.#pack.finalize();
    await this.#written;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pack.destroy();
    await this.#written.catch(() => {});
  }
}

async function* chunks(content: Content): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) yield content;
  else yield* content;
}
