/** Tar archives as streams, as hundreds of megabytes never sit in memory, and zip archives. @module */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import {
  BlobReader,
  Uint8ArrayWriter,
  ZipReader,
  ZipWriter,
} from "@zip.js/zip.js";
import { extract, type Header, pack } from "tar-stream";
import { normalisePath } from "../image/tar_parser.ts";

/** An entry of a tar; to write one, owner is root and the type a file unless told. */
export interface TarEntry extends Partial<Header> {
  name: string;
  mode: number;
  mtime: Date;
  /** Of a file; `size` must be given where it is a stream. */
  content?: Uint8Array | AsyncIterable<Uint8Array>;
}

/** Reads a tar entry by entry; content that was not read is skipped with the next. */
export async function* readTar(stream: ReadableStream<Uint8Array>) {
  const tar = extract();
  // What fails in the stream is thrown where its entries are read.
  pipeline(stream, tar).catch(() => {});
  for await (const source of tar) {
    const { header } = source;
    const { linkname } = header;
    yield {
      ...header,
      name: normalisePath(header.name),
      linkname: header.type === "link" ? normalisePath(linkname) : linkname,
      // They hold the name as it was.
      pax: null,
      content: source as AsyncIterable<Uint8Array>,
    };
    source.resume();
  }
}

/** Writes an archive to a file. */
export async function writeTar(
  path: string,
  entries: Iterable<TarEntry> | AsyncIterable<TarEntry>,
): Promise<void> {
  const tar = pack();
  const add = async () => {
    for await (const { content = new Uint8Array(), ...entry } of entries) {
      const isWhole = content instanceof Uint8Array;
      const size = isWhole ? content.length : entry.size;
      const name = entry.type === "directory" ? `${entry.name}/` : entry.name;
      const sink = tar.entry({ type: "file", ...entry, name, size });
      await pipeline(isWhole ? [content] : content, sink);
    }
    tar.finalize();
  };
  await Promise.all([
    pipeline(tar, createWriteStream(path)),
    add().catch((error) => tar.destroy(error)),
  ]);
}

/** Reads a file in a zip archive, as in a wheel, without an unpacked copy. */
export async function zipMember(
  path: string,
  name: string,
): Promise<ReadableStream<Uint8Array>> {
  const file = new Blob([await Deno.readFile(path)]);
  const reader = new ZipReader(new BlobReader(file), { useWebWorkers: false });
  const entry = (await reader.getEntries())
    .find(({ filename }) => filename === name);
  if (entry === undefined || entry.directory) {
    throw new TypeError(`Cannot find "${name}" in "${path}"`);
  }
  const { readable, writable } = new TransformStream<Uint8Array>();
  // Who reads it gets the error, too.
  entry.getData(writable).catch(() => {});
  return readable;
}

/** Makes a zip archive of one file, the same of the same. */
export async function zipFile(
  name: string,
  content: AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), {
    useWebWorkers: false,
    extendedTimestamp: false,
    // The first day that a zip can state.
    lastModDate: new Date(1980, 0, 1),
  });
  await writer.add(name, ReadableStream.from(content));
  return await writer.close();
}
