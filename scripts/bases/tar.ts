/** Tar archives as streams: hundreds of megabytes never sit in memory. @module */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import type { Entry } from "../image/model.ts";
import { TarParser } from "../image/tar_parser.ts";

interface Member {
  header: Entry;
  /** Content of a file; valid until the next entry is asked for. */
  body: AsyncIterable<Uint8Array>;
}

/** An entry to write; owner is root and the type a file unless told. */
export type NewEntry =
  & Pick<Entry, "path" | "mode" | "mtime">
  & Partial<Entry>;

export type Content = Uint8Array | AsyncIterable<Uint8Array>;

/** Reads an uncompressed tar entry by entry; a body that is not read is skipped. */
export async function* readTar(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<Member> {
  type Part = Entry | Uint8Array | "end";
  const parts: Part[] = [];
  const parser = new TarParser({
    entry: (header) => parts.push(header),
    data: (chunk) => parts.push(chunk),
    entryEnd: () => parts.push("end"),
  });
  const reader = stream.getReader();
  const next = async (): Promise<Part | undefined> => {
    while (parts.length === 0) {
      const { value, done } = await reader.read();
      if (done) {
        parser.finish();
        return undefined;
      }
      parser.push(value);
    }
    return parts.shift();
  };
  async function* content(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const part = await next();
      if (!(part instanceof Uint8Array)) return;
      yield part;
    }
  }
  try {
    for (;;) {
      const header = await next();
      if (header === undefined) return;
      // Anything else is content that its reader has left.
      if (typeof header !== "object" || !("path" in header)) continue;
      yield { header, body: content() };
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
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
