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
import type { ImageSource, Rootfs } from "../image/model.ts";
import { findArchive } from "../image/open_source.ts";
import { readImage, type ReadImageOptions } from "../image/read_image.ts";
import { cacheFolder } from "../lib/cache_folder.ts";
import type { EngineChoice } from "../engine/prepare_engine.ts";
import { UserError } from "../lib/errors.ts";
import type { Io } from "../lib/io.ts";
import type { Image } from "../image/model.ts";
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
  { zstd, cache = new ImageCache(join(cacheFolder(), "images")) }: LookOptions =
    {},
): Promise<Looked> {
  const options = {
    probe,
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

/**
 * Tells names from paths: what exists as a path is one, anything else is looked
 * up in the engine, which is only looked for when it is needed.
 *
 * @param config With the platform that is meant, where an image has several.
 * @throws {UserError} When it is neither.
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
    engine ??= await findEngineFor(reference, config, io);
    const info = await engine.inspect(reference);
    if (info === undefined) {
      throw new UserError(
        `Cannot find the image "${reference}": neither a path nor an image of ${engine.name}`,
        {
          next: `Check the name, or pull or build it with ${engine.name} first`,
        },
      );
    }
    const known = { id: info.id };
    sources.push({ ...engineSource(engine, reference, known), ...platform });
  }
  return sources;
}

async function findEngineFor(
  reference: string,
  config: EngineChoice,
  io: Io,
): Promise<Engine> {
  try {
    // Loaded when needed: an archive needs no engine.
    const { prepareEngine } = await import("../engine/prepare_engine.ts");
    return await prepareEngine(config, io, { sweeps: false });
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    throw new UserError(
      `Cannot find the image "${reference}": no such path, and no engine`,
      {
        next: `Give the path of an archive; for a name: ${cause.next}`,
        exitCode: cause.exitCode,
        cause,
      },
    );
  }
}
