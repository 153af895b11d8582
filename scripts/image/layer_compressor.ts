/**
 * Takes the tar of a layer and tells how large it is compressed: cuts it into
 * blocks for workers, one for each core, and keeps none of them.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { TarSink } from "./blob_reader.ts";
import type { CompressAnswer, CompressTask } from "./compress_worker.ts";

/** Compressed bytes of a layer, as far as they were asked for. */
export interface CompressedSize {
  gzipBytes?: number;
  zstdBytes?: number;
}

/** Bytes that each worker gets at a time. */
const BLOCK = 2 ** 20;
/** How far back deflate looks. */
const WINDOW = 2 ** 15;
/** Header and trailer of a gzip file. */
const GZIP_FRAME = 18;

let streams = 0;

/** Compresses one layer. */
export class LayerCompressor
  implements TarSink<CompressedSize & { diffId: string }> {
  readonly #pool: CompressPool;
  readonly #kinds: { gzip: boolean; zstd: boolean };
  readonly #hash?: ReturnType<typeof createHash>;
  readonly #stream = streams++;
  #block = new Uint8Array(WINDOW + BLOCK);
  /** Bytes of the window that are there, at its end. */
  #before = 0;
  #length = 0;
  #gzipBytes = GZIP_FRAME;
  #zstdBytes = 0;
  #failure?: { thrown: unknown };
  readonly #running = new Set<Promise<void>>();

  constructor(
    pool: CompressPool,
    hashed: boolean,
    kinds: { gzip: boolean; zstd: boolean },
  ) {
    this.#pool = pool;
    this.#kinds = kinds;
    if (!hashed) this.#hash = createHash("sha256");
  }

  get pending(): Promise<void> | undefined {
    const busy = this.#pool.busy;
    return busy && this.#wait(busy);
  }

  async #wait(busy: Promise<unknown>): Promise<void> {
    let next: Promise<unknown> | undefined = busy;
    while (next !== undefined) {
      await next;
      next = this.#pool.busy;
    }
    if (this.#failure !== undefined) throw this.#failure.thrown;
  }

  write(chunk: Uint8Array): void {
    this.#hash?.update(chunk);
    let at = 0;
    while (at < chunk.length) {
      if (this.#length === BLOCK) this.#send(false);
      const part = chunk.subarray(at, at + BLOCK - this.#length);
      this.#block.set(part, WINDOW + this.#length);
      this.#length += part.length;
      at += part.length;
    }
  }

  async finish(
    sha256?: string,
  ): Promise<CompressedSize & { diffId: string }> {
    this.#send(true);
    await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure.thrown;
    return {
      diffId: `sha256:${sha256 ?? this.#hash?.digest("hex")}`,
      ...(this.#kinds.gzip ? { gzipBytes: this.#gzipBytes } : {}),
      ...(this.#kinds.zstd ? { zstdBytes: this.#zstdBytes } : {}),
    };
  }

  #send(last: boolean): void {
    const block = this.#block;
    const end = WINDOW + this.#length;
    const next = last ? block : new Uint8Array(WINDOW + BLOCK);
    if (!last) next.set(block.subarray(end - WINDOW, end));
    if (this.#kinds.zstd) {
      const bytes = block.slice(WINDOW, end);
      const task = { kind: "zstd", stream: this.#stream, bytes, last } as const;
      // A stream stays with one worker, which holds its state.
      this.#count(this.#pool.run(task, this.#stream), (added) => {
        this.#zstdBytes += added;
      });
    }
    if (this.#kinds.gzip) {
      const before = this.#before;
      const bytes = block.subarray(WINDOW - before, end);
      this.#count(
        this.#pool.run({ kind: "gzip", bytes, before, last }),
        (added) => {
          this.#gzipBytes += added;
        },
      );
    }
    this.#block = next;
    this.#before = WINDOW;
    this.#length = 0;
  }

  #count(task: Promise<number>, add: (bytes: number) => void): void {
    const running = task.then(add, (thrown) => {
      this.#failure ??= { thrown };
    }).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}

interface Member {
  worker: Worker;
  /** Answers come in the order of the tasks. */
  waiting: PromiseWithResolvers<number>[];
}

let members: Member[] = [];
let users = 0;

/** Tasks for each worker beyond which no more should be given. */
const QUEUE = 2;

/** A user of the workers; the last one that is disposed of ends them. */
export class CompressPool implements Disposable {
  constructor() {
    if (users++ === 0) {
      members = Array.from(
        { length: navigator.hardwareConcurrency },
        startWorker,
      );
    }
  }

  /** Gives a task to a worker, or to that with least to do; tells the bytes it added. */
  run(task: CompressTask, member?: number): Promise<number> {
    const chosen = member !== undefined
      ? members[member % members.length]
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
    const free = members.some(({ waiting }) => waiting.length < QUEUE);
    if (free) return undefined;
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
