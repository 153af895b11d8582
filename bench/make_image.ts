/**
 * Images of any size for benchmarks, written as a docker-archive while they are
 * made up: nothing is stored in the repository, and nothing is held in memory.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { makeHeader } from "../testing/tar.ts";

/** One layer: so many files of one size, and how much of each is zeros. */
export interface LayerPlan {
  files: { count: number; bytes: number; prefix: string }[];
  /** 0: nothing compresses; 1: all zeros. */
  zeros?: number;
}

const BLOCK = 512;
const ZEROS = new Uint8Array(2 ** 20);
const NOISE = noise(2 ** 20 + 4096);

/** Numbers without a pattern, the same in every run. */
function noise(length: number): Uint8Array {
  const words = new Uint32Array(length / 4);
  let state = 0x9e3779b9;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return new Uint8Array(words.buffer);
}

function paddedLength(bytes: number): number {
  return Math.ceil(bytes / BLOCK) * BLOCK;
}

function tarLength({ files }: LayerPlan): number {
  return files.reduce(
    (sum, { count, bytes }) => sum + count * (BLOCK + paddedLength(bytes)),
    2 * BLOCK,
  );
}

function* layerTar(plan: LayerPlan): Generator<Uint8Array> {
  const { files, zeros = 0 } = plan;
  for (const { count, bytes, prefix } of files) {
    for (let index = 0; index < count; index++) {
      const name = `${prefix}/${index % 200}/file-${index}`;
      yield makeHeader({ name, flag: "0", size: bytes });
      const blank = Math.floor(bytes * zeros);
      for (let at = 0; at < bytes;) {
        const length = Math.min(2 ** 20, bytes - at);
        const from = at < blank ? ZEROS : NOISE.subarray(index % 4096);
        yield from.subarray(0, length);
        at += length;
      }
      const padding = paddedLength(bytes) - bytes;
      if (padding > 0) yield ZEROS.subarray(0, padding);
    }
  }
  yield ZEROS.subarray(0, 2 * BLOCK);
}

/**
 * The chunks of a docker-archive with one image.
 *
 * @param tag Its name, `bench:large`.
 */
export function* makeImage(
  tag: string,
  layers: LayerPlan[],
): Generator<Uint8Array> {
  const diffIds: string[] = [];
  const paths: string[] = [];
  for (const [index, plan] of layers.entries()) {
    const path = `${String(index).padStart(64, "0")}/layer.tar`;
    paths.push(path);
    yield makeHeader({ name: path, flag: "0", size: tarLength(plan) });
    const hash = createHash("sha256");
    for (const chunk of layerTar(plan)) {
      hash.update(chunk);
      yield chunk;
    }
    diffIds.push(`sha256:${hash.digest("hex")}`);
  }
  const config = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: diffIds },
    history: layers.map((_, index) => ({ created_by: `COPY ${index} /` })),
  });
  const name = `${createHash("sha256").update(config).digest("hex")}.json`;
  const manifest = JSON.stringify([
    { Config: name, RepoTags: [tag], Layers: paths },
  ]);
  for (const [path, text] of [[name, config], ["manifest.json", manifest]]) {
    const bytes = new TextEncoder().encode(text);
    yield makeHeader({ name: path, flag: "0", size: bytes.length });
    yield bytes;
    yield ZEROS.subarray(0, paddedLength(bytes.length) - bytes.length);
  }
  yield ZEROS.subarray(0, 2 * BLOCK);
}

/** Writes chunks to a stream, gathered into large writes. */
export async function writeChunks(
  chunks: Iterable<Uint8Array>,
  stream: WritableStream<Uint8Array>,
): Promise<void> {
  const writer = stream.getWriter();
  let buffer = new Uint8Array(2 ** 20);
  let length = 0;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + buffer.length - length);
      buffer.set(part, length);
      length += part.length;
      at += part.length;
      if (length === buffer.length) {
        await writer.write(buffer);
        buffer = new Uint8Array(2 ** 20);
        length = 0;
      }
    }
  }
  await writer.write(buffer.subarray(0, length));
  await writer.close();
}
