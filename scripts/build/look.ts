/**
 * Finds an image, reads it once and says what is in it and what a registry would
 * send of it; what every command begins with.
 *
 * @module
 */
import { hash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import own from "../../deno.json" with { type: "json" };
import type { Engine } from "../engine/engine.ts";
import type { EngineChoice } from "../engine/find_engine.ts";
import {
  compressLayers,
  type CompressOptions,
} from "../image/compress_layers.ts";
import type { Image, ImageSource } from "../image/model.ts";
import { findArchive } from "../image/open_source.ts";
import { readImage, type ReadImageOptions } from "../image/read_image.ts";
import { rootfs } from "../image/rootfs.ts";
import { analyseImage } from "../inspect/analyse_image.ts";
import { probe } from "../inspect/probe.ts";
import { cacheFolder, filesIn, readCache, writeCache } from "../lib/files.ts";
import { byteStream, run } from "../lib/command.ts";
import { UserError } from "../lib/errors.ts";
import type { Io } from "../lib/progress.ts";
import { sumIfAll } from "../report/figures.ts";
import type { Variant } from "../report/report_schema.ts";
import { isImageName } from "./image_names.ts";

type Exporter = Pick<Engine, "name" | "version" | "inspect" | "export">;

export type EngineSource = Extract<ImageSource, { open: unknown }> & {
  engine: Exporter;
  /** What the engine calls it: the reference, or another name of the image. */
  name: string;
  /** What the name meant when it was looked up, if it was. */
  id?: string;
};

interface LookOptions {
  /** Compress its layers, with zstd too if true; absent: their sizes are unknown. */
  zstd?: boolean;
  /** Only the analysis is wanted: of an archive, few files need a digest. */
  sparesDigests?: boolean;
  cache?: ImageCache;
}

/** Reads an image, unless it is in an engine and was read before, and analyses it. */
export async function look(
  source: ImageSource | EngineSource,
  { signal }: Pick<Io, "signal">,
  { zstd, sparesDigests, cache = new ImageCache() }: LookOptions = {},
) {
  // On the way, so that the image is read once.
  const compress = zstd === undefined ? undefined : compression(zstd);
  const options = { probe, sparesDigests, signal, compress };
  const image = "engine" in source
    ? await readOnce(source, options, cache)
    : await readImage(source, options);
  const files = rootfs(image);
  const found: Omit<Variant, "name"> = analyseImage(image, files);
  const analysis = compress === undefined ? found : withPull(
    found,
    await compressLayers(source, image, { ...compress, signal }),
  );
  return { image, rootfs: files, analysis };
}

/** How layers are compressed, and where their sizes are kept. */
export function compression(zstd: boolean): CompressOptions {
  return { cacheDir: join(cacheFolder(), "layers"), zstd };
}

/** @param sizes Compressed bytes of layers, by diff ID. */
export function withPull<Analysis extends Pick<Variant, "layers">>(
  analysis: Analysis,
  sizes: Map<string, { gzipBytes: number; zstdBytes?: number }>,
) {
  const layers = analysis.layers.map((layer) => ({
    ...layer,
    ...sizes.get(layer.digest),
  }));
  // A registry sends a blob once, however many layers it is.
  const blobs = new Map(layers.map((layer) => [layer.digest, layer])).values()
    .toArray();
  const pullBytes = {
    gzip: sumIfAll(blobs.map(({ gzipBytes }) => gzipBytes)),
    zstd: sumIfAll(blobs.map(({ zstdBytes }) => zstdBytes)),
  };
  return { ...analysis, layers, pullBytes };
}

async function readOnce(
  source: EngineSource,
  options: ReadImageOptions,
  cache: ImageCache,
): Promise<Image> {
  const { engine, reference } = source;
  const id = source.id ?? await idOf(source);
  const key = [engine.name, engine.version, id ?? "", source.platform ?? ""];
  const kept = id === undefined ? undefined : await cache.get(key);
  if (kept !== undefined) return { ...kept, reference };
  const image = await readImage(source, options);
  // If the name was moved meanwhile, it is not that image that was read.
  if (id !== undefined && await idOf(source) === id) {
    await cache.put(key, image);
  }
  return image;
}

/** What a name means now. */
async function idOf(source: EngineSource): Promise<string | undefined> {
  return (await source.engine.inspect(source.name))?.id;
}

/** @param reference How the reports call it; the engine may have another `name`. */
export function engineSource(
  engine: Exporter,
  reference: string,
  { name = reference, id }: { name?: string; id?: string } = {},
): EngineSource {
  const open = (signal?: AbortSignal) => engine.export(name, signal);
  return { engine, reference, name, id, open };
}

/** Entries of an image that is kept: more would take more memory than to read it. */
const MOST_ENTRIES = 50_000;
/** Characters of an image as JSON; one of 10,000 files takes 2 million. */
const LONGEST = 8 * 2 ** 20;
/** Images kept, the latest used; what all may take on disk follows. */
const MOST_IMAGES = 16;

/**
 * Images that were read before, on disk by the engine's ID: it is made of what it
 * stands for, so no entry grows old. Archives are not kept: they are always read.
 */
export class ImageCache {
  constructor(
    readonly folder: string = join(cacheFolder(), "images"),
    readonly version: () => string = readerVersion,
  ) {}

  /** @param key The engine, its version and its ID of the image. */
  async get(key: string[]): Promise<Image | undefined> {
    const file = this.#file(key);
    const kept = await readCache(file) as Partial<Kept> | null | undefined;
    if (typeof kept?.image !== "object") return undefined;
    // What has our checksum was written by the same code, so its shape is right.
    if (sha256(JSON.stringify(kept.image)) !== kept.sha256) return undefined;
    // The time of a file tells when it was of use.
    await Deno.utime(file, new Date(), new Date()).catch(() => {});
    return kept.image;
  }

  /** Keeps an image, unless it is too large, and drops what was long not used. */
  async put(key: string[], image: Image): Promise<void> {
    let entries = 0;
    for (const layer of image.layers) entries += layer.entries.length;
    if (entries > MOST_ENTRIES) return;
    const text = JSON.stringify(image);
    if (text.length > LONGEST) return;
    const kept: Kept = { sha256: sha256(text), image };
    await writeCache(this.#file(key), kept);
    await this.#prune();
  }

  #file(key: string[]): string {
    const name = sha256(JSON.stringify([this.version(), ...key]));
    return join(this.folder, `${name}.json`);
  }

  async #prune(): Promise<void> {
    try {
      const paths = await filesIn(this.folder);
      const files = await Promise.all(paths.map(async (path) => {
        const used = (await Deno.stat(path)).mtime?.getTime() ?? 0;
        return { path, used };
      }));
      files.sort((a, b) => b.used - a.used);
      for (const { path } of files.slice(MOST_IMAGES)) await Deno.remove(path);
    } catch {
      // Another run may be at the same; what is left goes next time.
    }
  }
}

interface Kept {
  sha256: string;
  image: Image;
}

function sha256(text: string): string {
  return hash("sha256", text);
}

/** The layers of code that an image goes through: other code is another cache. */
const READERS = ["../image/", "../inspect/", "../deno_binary/"];

/** The code's bytes in a clone; in a package, whose modules are no files, its version. */
function readerVersion(): string {
  if (!import.meta.url.startsWith("file:")) return own.version;
  const texts = READERS.flatMap((reader) => {
    const folder = new URL(reader, import.meta.url);
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith("_test.ts"));
    return names.sort().map((name) =>
      Deno.readTextFileSync(new URL(name, folder))
    );
  });
  return sha256(JSON.stringify(texts));
}

/** What no image is called: no engine is asked for it. */
const PATH = /^\.{0,2}\/|\/$|\.(?:tar|tgz)(?:\.\w+)?$/;

/**
 * What exists as a path is one; anything else is looked up in the engine, then in
 * its registry by means of skopeo, or by a pull where there is none.
 *
 * @throws {UserError} When it is none of these.
 */
export async function findSources(
  references: string[],
  config: EngineChoice & { platform?: string },
  io: Io,
): Promise<ImageSource[]> {
  const { platform } = config;
  let engine: Engine | UserError | undefined;
  const sources: ImageSource[] = [];
  for (const reference of references) {
    const archive = await findArchive(reference);
    if (archive !== undefined) {
      sources.push({ reference, ...archive, platform });
      continue;
    }
    if (PATH.test(reference)) {
      throw new UserError(`Cannot find the file "${reference}"`, {
        next: "Check the path, or give an image's name",
      });
    }
    if (!isImageName(reference.split("@", 1)[0])) {
      throw new UserError(`"${reference}" is not the name of an image`, {
        next:
          "Give a name in lower case, such as registry.example/name:tag, or the path of an archive",
      });
    }
    engine ??= await findAnEngine(config, io);
    const source = await findNamed(reference, engine, platform, io);
    sources.push({ ...source, platform });
  }
  return sources;
}

async function findAnEngine(
  config: EngineChoice,
  io: Io,
): Promise<Engine | UserError> {
  // Loaded when needed: an archive needs no engine.
  const { prepareEngine } = await import("../engine/find_engine.ts");
  return await prepareEngine(config, io, { sweeps: false }).catch((error) => {
    if (error instanceof UserError) return error;
    throw error;
  });
}

async function findNamed(
  reference: string,
  engine: Engine | UserError,
  platform: string | undefined,
  io: Io,
): Promise<ImageSource> {
  if (!(engine instanceof UserError)) {
    const known = await engine.inspect(reference);
    if (known) return engineSource(engine, reference, { id: known.id });
  }
  const remote = await skopeoSource(reference, platform);
  if (remote !== undefined) return remote;
  if (engine instanceof UserError) {
    throw new UserError(
      `Cannot find the image "${reference}": no such path, and no engine`,
      {
        next: `Give the path of an archive; for a name: ${engine.next}`,
        exitCode: engine.exitCode,
        cause: engine,
      },
    );
  }
  try {
    await io.progress.step(
      `Pull ${reference}`,
      () => engine.pull(reference, { platform, signal: io.signal }),
    );
  } catch (cause) {
    if (!(cause instanceof UserError) || io.signal.aborted) throw cause;
    throw new UserError(
      `Cannot find the image "${reference}": neither a path nor an image of ${engine.name}, and it cannot be pulled`,
      {
        next: `Check the name, or build it with ${engine.name} first`,
        exitCode: cause.exitCode,
        output: cause.output,
        cause,
      },
    );
  }
  return engineSource(engine, reference);
}

/** An image of a registry as skopeo streams it, if skopeo finds it there. */
async function skopeoSource(
  reference: string,
  platform: string | undefined,
): Promise<ImageSource | undefined> {
  const [os, architecture, variant] = platform?.split("/") ?? [];
  const chosen = platform === undefined ? [] : [
    ...["--override-os", os, "--override-arch", architecture],
    ...variant === undefined ? [] : ["--override-variant", variant],
  ];
  // A registry of this machine, which engines too reach without TLS.
  const isLocal = /^(localhost|127(\.\d+){3})(:\d+)?\//.test(reference);
  const insecure = isLocal ? ["--tls-verify=false"] : [];
  const image = `docker://${reference}`;
  const args = [...chosen, "inspect", "--raw", ...insecure, image];
  const found = await run("skopeo", args).then(() => true, () => false);
  if (!found) return undefined;
  return {
    reference,
    open: (signal) =>
      byteStream("skopeo", [
        ...chosen,
        ...["copy", "--quiet"],
        ...insecure.map((flag) => flag.replace("--tls", "--src-tls")),
        ...[image, "docker-archive:/dev/stdout"],
      ], { signal }),
  };
}
