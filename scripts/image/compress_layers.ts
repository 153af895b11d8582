/** How large the layers of an image are in a registry, compressed on all cores. @module */
import { join } from "node:path";
import { UserError } from "../lib/errors.ts";
import { writeCache } from "../lib/files.ts";
import { toUserError } from "./archive_error.ts";
import type { TarBlob, TarSink } from "./blob_reader.ts";
import { fieldsOf } from "./image_documents.ts";
import { Limits } from "./limits.ts";
import type { Image, ImageSource, Layer } from "./model.ts";
import { openSource } from "./open_source.ts";
import { createHash } from "node:crypto";
import type { CompressAnswer, CompressTask } from "./compress_worker.ts";

export interface CompressOptions {
  /** Folder of sizes found before; made when it is not there. */
  cacheDir: string;
  /** Tell the size in zstd (level 3) too. */
  zstd?: boolean;
}

/** Compressed bytes of a layer, as far as they were asked for. */
interface LayerSize {
  gzipBytes?: number;
  zstdBytes?: number;
}

interface Kinds {
  gzip: boolean;
  zstd: boolean;
}

/** Set while an image is compressed: the next may have layers of it. */
let queue: Promise<unknown> = Promise.resolve();

/**
 * By diff ID; opens the source unless all is known, and throws if it has changed
 * since.
 */
export function compressLayers(
  source: ImageSource,
  image: Image,
  options: CompressOptions & { signal?: AbortSignal },
): Promise<Map<string, { gzipBytes: number; zstdBytes?: number }>> {
  const result = queue.then(() => compressInTurn(source, image, options));
  queue = result.catch(() => {});
  return result;
}

async function compressInTurn(
  source: ImageSource,
  image: Image,
  options: CompressOptions & { signal?: AbortSignal },
): Promise<Map<string, { gzipBytes: number; zstdBytes?: number }>> {
  const { cacheDir, zstd = false, signal } = options;
  signal?.throwIfAborted();
  const sizes = new Map<string, LayerSize>();
  const lacking: Layer[] = [];
  for (const layer of image.layers) {
    const { diffId, compression, blobBytes } = layer;
    const size = cachedSize(cacheDir, diffId);
    if (compression === "gzip") size.gzipBytes = blobBytes;
    if (compression === "zstd") size.zstdBytes = blobBytes;
    if (!sizes.has(diffId) && !isComplete(size, zstd)) lacking.push(layer);
    sizes.set(diffId, size);
  }
  if (lacking.length > 0) {
    const found = await compressPass(source, lacking, zstd, signal);
    for (const [diffId, size] of found) {
      await keepSize(cacheDir, diffId, size);
      sizes.set(diffId, { ...size, ...sizes.get(diffId) });
    }
  }
  return new Map(
    [...sizes].map(([diffId, { gzipBytes = 0, zstdBytes }]) => [
      diffId,
      { gzipBytes, ...zstd && zstdBytes !== undefined && { zstdBytes } },
    ]),
  );
}

async function compressPass(
  source: ImageSource,
  layers: Layer[],
  zstd: boolean,
  signal?: AbortSignal,
): Promise<Map<string, LayerSize>> {
  const paths = new Set(layers.map(({ blob = "" }) => blob));
  const found = new Map<string, LayerSize>();
  using pool = new CompressPool();
  try {
    const kinds = { gzip: true, zstd };
    const store = await openSource(
      source,
      new Limits({}, signal),
      ({ isHashed }) => new LayerCompressor(pool, isHashed, kinds),
      (path) => paths.has(path),
    );
    for (const path of paths) {
      const blob = await store.blob(path);
      if (blob?.tar === undefined || blob.error !== undefined) continue;
      found.set(blob.tar.diffId, blob.tar.size);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw toUserError(error, source);
  }
  const lost = layers.find(({ diffId }) => !found.has(diffId));
  if (lost === undefined) return found;
  const name = JSON.stringify(source.reference);
  throw new UserError(
    `Image ${name} has changed while it was read: layer ${lost.diffId} is gone`,
    { next: "Run the same command again" },
  );
}

/** Blobs that are being compressed, for whichever image came first. */
const running = new Set<string>();

/** Compresses layers for {@linkcode compressLayers} while their image is read. */
export class SideCompressor implements Disposable {
  readonly #pool = new CompressPool();
  readonly #own = new Set<string>();

  constructor(private readonly options: CompressOptions) {}

  open({ path, compression }: TarBlob): TarSink<void> | undefined {
    const { cacheDir, zstd = false } = this.options;
    const kinds = {
      gzip: compression !== "gzip",
      zstd: zstd && compression !== "zstd",
    };
    if (!kinds.gzip && !kinds.zstd) return undefined;
    // Blobs are named by digests, and so most often hold what they held before;
    // where not, the size of what they hold is found to be unknown.
    const name = /[0-9a-f]{64}/.exec(path)?.[0] ?? "";
    const nameFile = join(cacheDir, `${name}.diff-id.json`);
    const { diffId: known } = read(nameFile);
    if (
      typeof known === "string" && isComplete(cachedSize(cacheDir, known), zstd)
    ) return undefined;
    if (name !== "") {
      if (running.has(name)) return undefined;
      running.add(name);
      this.#own.add(name);
    }
    const sink = new LayerCompressor(this.#pool, true, kinds);
    return {
      get pending() {
        return sink.pending;
      },
      write: (chunk) => sink.write(chunk),
      finish: async (sha256) => {
        const { diffId, size } = await sink.finish(sha256);
        await keepSize(cacheDir, diffId, size);
        if (name !== "") await writeCache(nameFile, { diffId });
      },
    };
  }

  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
    for (const name of this.#own) running.delete(name);
  }
}

/** Part of the file's name: sizes by another way to compress are other sizes. */
const METHOD = "gzip6-zstd3";

/** The same bytes give the same size, so an entry never grows old. */
function sizeFile(cacheDir: string, diffId: string): string {
  return join(cacheDir, `${diffId.replace(":", "-")}.${METHOD}.json`);
}

function cachedSize(cacheDir: string, diffId: string): LayerSize {
  const { gzipBytes, zstdBytes } = read(sizeFile(cacheDir, diffId));
  return {
    ...isSize(gzipBytes) && { gzipBytes },
    ...isSize(zstdBytes) && { zstdBytes },
  };
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

async function keepSize(cacheDir: string, diffId: string, size: LayerSize) {
  const kept = { ...cachedSize(cacheDir, diffId), ...size };
  await writeCache(sizeFile(cacheDir, diffId), kept);
}

function isComplete(size: LayerSize, zstd: boolean): boolean {
  return size.gzipBytes !== undefined &&
    (!zstd || size.zstdBytes !== undefined);
}

/** A small file; in place, since what asks must answer at once. */
function read(file: string): Record<string, unknown> {
  try {
    return fieldsOf(JSON.parse(Deno.readTextFileSync(file)));
  } catch {
    return {};
  }
}

const BLOCK = 2 ** 20;
/** How far back deflate looks. */
const WINDOW = 2 ** 15;
/** Header and trailer of a gzip file. */
const GZIP_FRAME = 18;

let streams = 0;

class LayerCompressor implements TarSink<{ diffId: string; size: LayerSize }> {
  readonly #hash?: ReturnType<typeof createHash>;
  readonly #stream = streams++;
  #block = new Uint8Array(WINDOW + BLOCK);
  /** Bytes of the window that are there, at its end. */
  #before = 0;
  #length = 0;
  readonly #bytes = { gzip: GZIP_FRAME, zstd: 0 };
  #failure?: { thrown: unknown };
  readonly #running = new Set<Promise<void>>();

  constructor(
    private readonly pool: CompressPool,
    isHashed: boolean,
    private readonly kinds: Kinds,
  ) {
    if (!isHashed) this.#hash = createHash("sha256");
  }

  get pending(): Promise<void> | undefined {
    const busy = this.pool.busy;
    return busy && this.#wait(busy);
  }

  async #wait(busy: Promise<unknown> | undefined): Promise<void> {
    for (; busy !== undefined; busy = this.pool.busy) await busy;
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.thrown;
  }

  write(chunk: Uint8Array): void {
    this.#hash?.update(chunk);
    for (let at = 0; at < chunk.length;) {
      if (this.#length === BLOCK) this.#send(false);
      const part = chunk.subarray(at, at + BLOCK - this.#length);
      this.#block.set(part, WINDOW + this.#length);
      this.#length += part.length;
      at += part.length;
    }
  }

  async finish(sha256 = this.#hash?.digest("hex")) {
    this.#send(true);
    await Promise.all(this.#running);
    this.#throwFailure();
    const { gzip, zstd } = this.#bytes;
    const size: LayerSize = {
      ...this.kinds.gzip && { gzipBytes: gzip },
      ...this.kinds.zstd && { zstdBytes: zstd },
    };
    return { diffId: `sha256:${sha256}`, size };
  }

  #send(isLast: boolean): void {
    const block = this.#block;
    const end = WINDOW + this.#length;
    const next = isLast ? block : new Uint8Array(WINDOW + BLOCK);
    if (!isLast) next.set(block.subarray(end - WINDOW, end));
    const before = this.#before;
    const common = { before, stream: this.#stream, isLast };
    if (this.kinds.zstd) {
      const bytes = block.slice(WINDOW, end);
      this.#run({ kind: "zstd", bytes, ...common });
    }
    if (this.kinds.gzip) {
      const bytes = block.subarray(WINDOW - before, end);
      this.#run({ kind: "gzip", bytes, ...common });
    }
    this.#block = next;
    this.#before = WINDOW;
    this.#length = 0;
  }

  #run(task: CompressTask): void {
    const running = this.pool.run(task)
      .then((added) => void (this.#bytes[task.kind] += added))
      .catch((thrown) => void (this.#failure ??= { thrown }))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}

interface Member {
  worker: Worker;
  waiting: PromiseWithResolvers<number>[];
}

let members: Member[] = [];
let users = 0;

/** Tasks for each worker beyond which no more should be given. */
const QUEUE = 2;

/** A user of the workers; the last one that is disposed of ends them. */
class CompressPool implements Disposable {
  constructor() {
    if (users++ > 0) return;
    const { hardwareConcurrency: length } = navigator;
    members = Array.from({ length }, startWorker);
  }

  /** Gives a task to a worker; tells the bytes it added. */
  run(task: CompressTask): Promise<number> {
    // A stream stays with one worker, which holds its state.
    const chosen = task.kind === "zstd"
      ? members[task.stream % members.length]
      : members.reduce((least, each) =>
        each.waiting.length < least.waiting.length ? each : least
      );
    const answer = Promise.withResolvers<number>();
    chosen.waiting.push(answer);
    chosen.worker.postMessage(task, [task.bytes.buffer as ArrayBuffer]);
    return answer.promise;
  }

  /** Set while the workers have enough to do: resolves when a task is done. */
  get busy(): Promise<unknown> | undefined {
    if (members.some(({ waiting }) => waiting.length < QUEUE)) return undefined;
    return Promise.race(
      members.map(({ waiting }) => waiting[0].promise.catch(() => {})),
    );
  }

  [Symbol.dispose](): void {
    if (--users > 0) return;
    for (const { worker, waiting } of members) {
      worker.terminate();
      for (const { reject } of waiting) reject(new Error("worker ended"));
    }
    members = [];
  }
}

function startWorker(): Member {
  const worker = new Worker(new URL("./compress_worker.ts", import.meta.url), {
    type: "module",
  });
  const waiting: Member["waiting"] = [];
  worker.onmessage = ({ data }: MessageEvent<CompressAnswer>) => {
    const first = waiting.shift();
    if ("bytes" in data) first?.resolve(data.bytes);
    else first?.reject(new Error(data.error));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    for (const { reject } of waiting.splice(0)) {
      reject(new Error(event.message));
    }
  };
  return { worker, waiting };
}
