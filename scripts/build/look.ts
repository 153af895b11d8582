/**
 * Reads an image once and says what is in it; what every command begins with.
 *
 * @module
 */
import { join } from "node:path";
import { analyseImage } from "../inspect/analyse_image.ts";
import type { ImageAnalysis } from "../inspect/inspect_schema.ts";
import { probe } from "../inspect/probe.ts";
import { rootfs } from "../image/rootfs.ts";
import type { Image, ImageSource, Rootfs } from "../image/model.ts";
import { findArchive } from "../image/open_source.ts";
import { readImage, type ReadImageOptions } from "../image/read_image.ts";
import { cacheFolder } from "../lib/cache.ts";
import type { EngineChoice } from "../engine/find_engine.ts";
import { byteStream, run } from "../lib/command.ts";
import { UserError } from "../lib/errors.ts";
import type { Io } from "../lib/progress.ts";
import type { Engine } from "../engine/engine.ts";
import { ImageCache } from "./image_cache.ts";
import { compression } from "./pull_sizes.ts";

/** An image that was read. */
export interface Looked {
  source: ImageSource;
  image: Image;
  files: Rootfs;
  analysis: ImageAnalysis;
}

/** As much of an engine as looking at its images takes. */
type Exporter = Pick<Engine, "name" | "version" | "inspect" | "export">;

/** An image in an engine, as a source that knows what it stands for. */
export type EngineSource = Extract<ImageSource, { open: unknown }> & {
  engine: Exporter;
  /** What the engine calls it: the reference, or another name of the image. */
  name: string;
  /** What the name meant when it was looked up, if it was. */
  id?: string;
};

/** What else is done with an image while it is read. */
interface LookOptions {
  /** Compress its layers too, so that their sizes are known afterwards. */
  zstd?: boolean;
  /** Only the analysis is wanted: of an archive, few files need a digest. */
  sparesDigests?: boolean;
  /** Where images read before are kept. */
  cache?: ImageCache;
}

/**
 * Reads and analyses an image; one in an engine that was read before is not
 * exported again.
 */
export async function look(
  source: ImageSource | EngineSource,
  io: Io,
  {
    zstd,
    sparesDigests,
    cache = new ImageCache(join(cacheFolder(), "images")),
  }: LookOptions = {},
): Promise<Looked> {
  const options = {
    probe,
    sparesDigests,
    signal: io.signal,
    ...zstd === undefined ? {} : { compress: compression(zstd) },
  };
  const image = "engine" in source
    ? await readOnce(source, options, cache)
    : await readImage(source, options);
  const files = rootfs(image);
  return { source, image, files, analysis: analyseImage(image, files) };
}

/** Reads an image of an engine, unless it was read before. */
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

/**
 * An image in an engine, as a source.
 *
 * @param reference How the reports call it.
 * @param known What the engine calls it, if not so; what it says the name stands
 * for, if it was asked.
 */
export function engineSource(
  engine: Exporter,
  reference: string,
  { name = reference, id }: { name?: string; id?: string } = {},
): EngineSource {
  const open = (signal?: AbortSignal) => engine.export(name, signal);
  return { engine, reference, name, id, open };
}

/** What no image is called: no engine is asked for it. */
const PATH = /^\.{0,2}\/|\/$|\.(?:tar|tgz)(?:\.\w+)?$/;

/**
 * Tells names from paths: what exists as a path is one, anything else is looked
 * up in the engine, which is only looked for when it is needed, then in its
 * registry by means of skopeo, or by a pull where there is none.
 *
 * @param config With the platform that is meant, where an image has several.
 * @throws {UserError} When it is none of these.
 */
export async function findSources(
  references: string[],
  config: EngineChoice & { platform?: string },
  io: Io,
): Promise<ImageSource[]> {
  const platform = config.platform ? { platform: config.platform } : {};
  let engine: Engine | undefined;
  const sources: ImageSource[] = [];
  for (const reference of references) {
    const archive = await findArchive(reference);
    if (archive !== undefined) {
      sources.push({ reference, ...archive, ...platform });
      continue;
    }
    if (PATH.test(reference)) {
      throw new UserError(`Cannot find the file "${reference}"`, {
        next: "Check the path, or give an image's name",
      });
    }
    engine ??= await findEngineFor(reference, config, io);
    let id = (await engine?.inspect(reference))?.id;
    if (id === undefined) {
      const remote = await skopeoSource(reference, config.platform);
      if (remote !== undefined) {
        sources.push({ ...remote, ...platform });
        continue;
      }
      if (engine === undefined) throw noEngine(reference);
      id = await pull(engine, reference, config, io);
    }
    if (engine === undefined) throw noEngine(reference);
    sources.push({ ...engineSource(engine, reference, { id }), ...platform });
  }
  return sources;
}

/** Why there is no engine, when there is none. */
let lack: UserError | undefined;

/** @returns `undefined` when there is none. */
async function findEngineFor(
  reference: string,
  config: EngineChoice,
  io: Io,
): Promise<Engine | undefined> {
  try {
    // Loaded when needed: an archive needs no engine.
    const { prepareEngine } = await import("../engine/find_engine.ts");
    return await prepareEngine(config, io, { sweeps: false });
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    lack = new UserError(
      `Cannot find the image "${reference}": no such path, and no engine`,
      {
        next: `Give the path of an archive; for a name: ${cause.next}`,
        exitCode: cause.exitCode,
        cause,
      },
    );
    return undefined;
  }
}

function noEngine(reference: string): UserError {
  return lack ?? new UserError(`Cannot find the image "${reference}"`, {
    next: "Give the path of an archive",
  });
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
  const insecure = isLocal(reference) ? ["--tls-verify=false"] : [];
  const image = `docker://${reference}`;
  const found = await run("skopeo", [
    ...chosen,
    "inspect",
    "--raw",
    ...insecure,
    image,
  ]).then(() => true, () => false);
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

/** A registry of this machine, which engines too reach without TLS. */
function isLocal(reference: string): boolean {
  return /^(localhost|127(\.\d+){3})(:\d+)?\//.test(reference);
}

/** Pulls an image that the engine does not have; it stays there. */
async function pull(
  engine: Engine,
  reference: string,
  { platform }: { platform?: string },
  io: Io,
): Promise<string> {
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
  const info = await engine.inspect(reference);
  if (info === undefined) {
    throw new Error(
      `${engine.name} pulled "${reference}" and does not have it`,
    );
  }
  return info.id;
}
