/** A worker that compresses blocks: Deno's zlib runs on the thread that calls it. @module */
import { constants, createDeflateRaw, createZstdCompress } from "node:zlib";

/** A block of a layer, and how to compress it. */
export interface CompressTask {
  kind: "gzip" | "zstd";
  /** The block, behind as many bytes of the layer as `before` tells (gzip). */
  bytes: Uint8Array;
  before: number;
  /** Which of the worker's streams goes on (zstd). */
  stream: number;
  isLast: boolean;
}

export type CompressAnswer = { bytes: number } | { error: string };

const GZIP_LEVEL = 6;
const ZSTD_LEVEL = 3;

/** A stream of which only the length is of interest. */
class Counter {
  bytes = 0;
  readonly #ended = Promise.withResolvers<void>();

  constructor(
    readonly stream: ReturnType<
      typeof createDeflateRaw | typeof createZstdCompress
    >,
  ) {
    stream.on("data", (chunk: Uint8Array) => this.bytes += chunk.length);
    stream.on("end", () => this.#ended.resolve());
    stream.on("error", (error: Error) => this.#ended.reject(error));
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#until((done) => this.stream.write(bytes, () => done()));
  }

  flush(): Promise<void> {
    return this.#until((done) =>
      this.stream.flush(constants.Z_SYNC_FLUSH, done)
    );
  }

  end(): Promise<void> {
    this.stream.end();
    return this.#ended.promise;
  }

  #until(start: (done: () => void) => void): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    start(resolve);
    return Promise.race([promise, this.#ended.promise]);
  }
}

/**
 * Shows the compressor the 32 KiB before a block, so that blocks laid end to end
 * are one valid stream, as pigz and pgzip (podman's pushes) write it.
 */
async function gzipBlock(
  { bytes, before, isLast }: CompressTask,
): Promise<number> {
  const counter = new Counter(
    createDeflateRaw({ level: GZIP_LEVEL, chunkSize: 256 * 1024 }),
  );
  try {
    if (before > 0) {
      await counter.write(bytes.subarray(0, before));
      await counter.flush();
      counter.bytes = 0;
    }
    await counter.write(bytes.subarray(before));
    await (isLast ? counter.end() : counter.flush());
    return counter.bytes;
  } finally {
    counter.stream.destroy();
  }
}

const streams = new Map<number, Counter>();

async function zstdPart(
  { stream, bytes, isLast }: CompressTask,
): Promise<number> {
  let counter = streams.get(stream);
  if (counter === undefined) {
    counter = new Counter(createZstdCompress({
      params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL },
    }));
    streams.set(stream, counter);
  }
  await counter.write(bytes);
  if (isLast) {
    await counter.end();
    streams.delete(stream);
  }
  const added = counter.bytes;
  counter.bytes = 0;
  return added;
}

/** What a worker's global scope offers; a package may not declare `lib`. */
const scope = self as unknown as {
  onmessage: (event: MessageEvent<CompressTask>) => void;
  postMessage(answer: CompressAnswer): void;
};

// One after the other: the parts of a zstd stream must stay in order.
let previous = Promise.resolve();
scope.onmessage = ({ data: task }) => {
  previous = previous.then(async () => {
    let answer: CompressAnswer;
    try {
      answer = {
        bytes: await (task.kind === "gzip" ? gzipBlock(task) : zstdPart(task)),
      };
    } catch (error) {
      answer = { error: String(error) };
    }
    scope.postMessage(answer);
  });
};
