/**
 * Reads an image once and says what is in it; what every command begins with.
 *
 * @module
 */
import { analyseImage, type ImageAnalysis } from "../analyse/analyse_image.ts";
import { probe } from "../analyse/probe.ts";
import { type Rootfs, rootfs } from "../analyse/rootfs.ts";
import { type ImageSource, readImage } from "../archive/read_image.ts";
import type { CommonConfig } from "../config.ts";
import { UserError } from "../errors.ts";
import type { Io } from "../io.ts";
import type { Engine, Image } from "../model.ts";

/** An image that was read. */
export interface Looked {
  source: ImageSource;
  image: Image;
  files: Rootfs;
  analysis: ImageAnalysis;
}

/** Reads and analyses an image. */
export async function look(source: ImageSource, io: Io): Promise<Looked> {
  const image = await readImage(source, { probe, signal: io.signal });
  const files = rootfs(image);
  return { source, image, files, analysis: analyseImage(image, files) };
}

/** An image in an engine, as a source. */
export function engineSource(engine: Engine, reference: string): ImageSource {
  return { reference, open: (signal) => engine.export(reference, signal) };
}

/**
 * Tells names from paths: what exists as a path is one, anything else is looked
 * up in the engine, which is only looked for when it is needed.
 *
 * @throws {UserError} When it is neither.
 */
export async function findSources(
  references: string[],
  config: CommonConfig,
  io: Io,
): Promise<ImageSource[]> {
  let engine: Engine | undefined;
  const sources: ImageSource[] = [];
  for (const reference of references) {
    if (await Deno.stat(reference).then(() => true, () => false)) {
      sources.push({ reference, path: reference });
      continue;
    }
    engine ??= await findEngineFor(reference, config, io);
    if (await engine.inspect(reference) === undefined) {
      throw new UserError(
        `Cannot find the image "${reference}": neither a path nor an image of ${engine.name}`,
        {
          next: `Check the name, or pull or build it with ${engine.name} first`,
        },
      );
    }
    sources.push(engineSource(engine, reference));
  }
  return sources;
}

async function findEngineFor(
  reference: string,
  config: CommonConfig,
  io: Io,
): Promise<Engine> {
  try {
    // Loaded when needed: an archive needs no engine.
    const { prepareEngine } = await import("./prepare_engine.ts");
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
