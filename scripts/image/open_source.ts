/** Opens whatever an image comes from as a store of blobs. @module */
import { isThere } from "../lib/files.ts";
import { ArchiveError } from "./archive_error.ts";
import {
  BlobReader,
  type BlobStore,
  type OpenTar,
  type StoredBlob,
  type TarSink,
} from "./blob_reader.ts";
import { eventLoopTurn, type Limits } from "./limits.ts";
import type { Entry, ImageSource } from "./model.ts";
import { normalisePath, type TarHandler, TarParser } from "./tar_parser.ts";

/**
 * The archive that a reference means, and the image in it if one is named: `PATH`,
 * `PATH:NAME:TAG`, `PATH:sha256:HEX` or `PATH:@INDEX`, with or without the
 * transport of containers-transports(5); `undefined` for what is no path.
 */
export async function findArchive(
  reference: string,
): Promise<{ path: string; image?: string } | undefined> {
  const bare = reference.replace(TRANSPORT, "");
  for (const text of new Set([reference, bare])) {
    if (await isThere(text)) return { path: text };
    const parts = text.split(":");
    for (let end = parts.length - 1; end > 0; end--) {
      const path = parts.slice(0, end).join(":");
      // A program or folder `web` beside an image `web:1` is no archive of it.
      const meant = text !== reference || /[./]/.test(path);
      if (!meant || !await isThere(path)) continue;
      const image = parts.slice(end).join(":");
      return image === "" ? { path } : { path, image };
    }
  }
}

const TRANSPORT = /^(?:docker-archive|oci-archive|oci|dir):/;

/** Reads an archive to its end, of its blobs those `wanted`, or lists a folder. */
export async function openSource<T>(
  source: ImageSource,
  limits: Limits,
  openTar: OpenTar<T>,
  wanted: (path: string) => boolean = () => true,
): Promise<BlobStore<T>> {
  if ("path" in source && (await Deno.stat(source.path)).isDirectory) {
    return await folderStore(source.path, limits, openTar);
  }
  const scan = new ArchiveScan<T>(limits, openTar, wanted);
  const reader = new BlobReader(undefined, limits, () => scan);
  try {
    await ("path" in source
      ? readFile(source.path, reader, limits)
      : readStream(source.open(limits.signal), reader, limits));
    const { error } = await reader.finish();
    if (error !== undefined) throw error;
    return await scan.store();
  } finally {
    reader.destroy();
    scan.destroy();
  }
}

async function folderStore<T>(
  folder: string,
  limits: Limits,
  openTar: OpenTar<T>,
): Promise<BlobStore<T>> {
  const top: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    top.push(name);
    if (top.length === 100) break;
  }
  return {
    top: top.sort(),
    async blob(path) {
      const file = await fileIn(folder, path);
      if (file === undefined) return undefined;
      const reader = new BlobReader(path, limits, openTar);
      try {
        await readFile(file, reader, limits);
        return await reader.finish();
      } finally {
        reader.destroy();
      }
    },
    async has(path) {
      return await fileIn(folder, path) !== undefined;
    },
  };
}

/** The file itself, which links may not place outside of the folder. */
async function fileIn(
  folder: string,
  path: string,
): Promise<string | undefined> {
  const name = JSON.stringify(path);
  try {
    const root = await Deno.realPath(folder);
    const file = await Deno.realPath(`${folder}/${path}`);
    if (!file.startsWith(root === "/" ? root : `${root}/`)) {
      throw new ArchiveError(`its link ${name} leads out of the folder`);
    }
    return (await Deno.stat(file)).isFile ? file : undefined;
  } catch (cause) {
    if (
      cause instanceof Deno.errors.NotFound ||
      cause instanceof Deno.errors.NotADirectory
    ) return undefined;
    if (!(cause instanceof Deno.errors.FilesystemLoop)) throw cause;
    throw new ArchiveError(`its link ${name} leads in a circle`, { cause });
  }
}

/** Links in a row that are still followed; old `docker save` needs one. */
const LONGEST_CHAIN = 32;
/** `blobs/sha256/<hex>` is the deepest that archives go. */
const DEEPEST = 3;
/** An archive of images holds a few hundred files; a root file system many more. */
const MOST_BLOBS = 20_000;

/** Takes the tar of an archive, whose manifest may come last. */
class ArchiveScan<T> implements TarHandler, TarSink<void> {
  readonly #parser = new TarParser(this);
  readonly #blobs = new Map<string, StoredBlob<T>>();
  /** Symbolic and hard links, to the normalised path they lead to. */
  readonly #links = new Map<string, string>();
  readonly #top = new Set<string>();
  #reader?: BlobReader<T>;
  /** Blobs whose bytes have all arrived but are not yet all dealt with. */
  #finishing: BlobReader<T>[] = [];
  #busy: BlobReader<T>[] = [];
  pending?: Promise<void>;

  constructor(
    private readonly limits: Limits,
    private readonly openTar: OpenTar<T>,
    private readonly wanted: (path: string) => boolean,
  ) {}

  finish(): void {}

  async store(): Promise<BlobStore<T>> {
    await this.pending;
    this.#parser.finish();
    return {
      top: [...this.#top],
      // deno-lint-ignore require-await -- async, so that a circle rejects
      blob: async (path) => this.#blobs.get(this.#follow(path)),
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
    this.#reader?.destroy();
    for (const reader of this.#finishing) reader.destroy();
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
    for (const reader of finishing) {
      const blob = await reader.finish();
      this.#blobs.set(blob.path, blob);
    }
  }

  entry({ path: name, type, link = "" }: Entry): void {
    const path = normalisePath(name);
    this.#reader = undefined;
    if (this.#top.size < 100) this.#top.add(path.split("/", 1)[0]);
    if (path.split("/").length > DEEPEST) return;
    if (type === "symlink") {
      const folder = path.slice(0, path.lastIndexOf("/") + 1);
      this.#link(path, link.startsWith("/") ? link : folder + link);
    } else if (type === "hardlink") {
      this.#link(path, link);
    } else if (
      type === "file" && this.wanted(path) &&
      this.#blobs.size + this.#finishing.length < MOST_BLOBS
    ) this.#reader = new BlobReader(path, this.limits, this.openTar);
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
    this.limits.expanded(bytes);
  }

  data(chunk: Uint8Array): void {
    this.#reader?.write(chunk);
  }

  entryEnd(): void {
    if (this.#reader === undefined) return;
    this.#finishing.push(this.#reader);
    this.#reader = undefined;
  }
}

/** Passes a chunk, which must stay as it is until what this returns has resolved. */
function pass(
  chunk: Uint8Array,
  reader: BlobReader<unknown>,
  limits: Limits,
): Promise<void> | undefined {
  limits.read(chunk.length);
  reader.write(chunk);
  return reader.busy ? reader.settled() : eventLoopTurn();
}

/** Small enough that a chunk is still in the core's cache when it is hashed. */
const CHUNK = 2 ** 17;

async function readFile(
  path: string,
  reader: BlobReader<unknown>,
  limits: Limits,
): Promise<void> {
  using file = await Deno.open(path);
  // A pipe may have nothing for long, and Ctrl-C must be heard meanwhile.
  const waits = !(await file.stat()).isFile;
  const buffer = new Uint8Array(CHUNK);
  for (;;) {
    const length = waits ? await file.read(buffer) : file.readSync(buffer);
    limits.signal?.throwIfAborted();
    if (length === null) return;
    const done = pass(buffer.subarray(0, length), reader, limits);
    if (done !== undefined) await done;
  }
}

async function readStream(
  stream: ReadableStream<Uint8Array>,
  reader: BlobReader<unknown>,
  limits: Limits,
): Promise<void> {
  const { signal } = limits;
  const chunks = stream.getReader();
  const abort = () => void chunks.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener("abort", abort);
  try {
    for (;;) {
      const { value, done } = await chunks.read();
      signal?.throwIfAborted();
      if (done) return;
      const passed = pass(value, reader, limits);
      if (passed !== undefined) await passed;
      // Frees it at once: the next chunk then takes no new memory.
      if (value.buffer instanceof ArrayBuffer) value.buffer.transfer(0);
    }
  } catch (error) {
    await chunks.cancel(error).catch(() => {});
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
    chunks.releaseLock();
  }
}
