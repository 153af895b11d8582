/**
 * What a run is asked for, and one variant on its way from Dockerfile to verdict:
 * each step fills in its part; what was not done is absent.
 *
 * @module
 */
import type { Bases } from "../bases/choose_bases.ts";
import type { VariantFile } from "../dockerfile/find_variants.ts";
import type { BuildOptions, Engine } from "../engine/engine.ts";
import type { EngineChoice } from "../engine/find_engine.ts";
import type { Image } from "../image/model.ts";
import { EngineGone, UserError } from "../lib/errors.ts";
import type { Architecture, Platform } from "../lib/platform.ts";
import type { Io } from "../lib/progress.ts";
import type { Variant } from "../report/report_schema.ts";

export interface BuildConfig extends EngineChoice {
  json: boolean;
  context: string;
  /** Dockerfiles to build; empty: all of the context. */
  file: string[];
  bases: "auto" | "registry" | "packages";
  refreshBases: boolean;
  buildArg: [name: string, value: string][];
  /** What images are for; empty: this machine. */
  platform: Platform[];
  /** Arguments and values to build every Dockerfile that has them with, once more. */
  vary: [name: string, value: string][];
  /** What the images are called in place of the context's name. */
  tag?: string;
  /** A variant to compare with. */
  against?: string;
  /** Counted starts. */
  runs: number;
  zstd: boolean;
  /** Only build, inspect and check the contract. */
  quick: boolean;
  /** Build everything from nothing, twice. */
  reproducible: boolean;
  memoryFloor: boolean;
  out: string;
  contract?: string;
  budget?: string;
  /** An earlier report.json that growth is compared with. */
  baseline?: string;
  writeBaseline?: string;
  junit?: string;
}

export interface VariantRun {
  /** The Dockerfile's, with the value that is varied and a foreign architecture. */
  name: string;
  file: VariantFile;
  architecture: Architecture;
  /** The argument that this variant differs in. */
  buildArgs: Record<string, string>;
  /** Whether it is there to be tried beside the others. */
  varied: boolean;
  /** Whether the Dockerfile's tests run with it: once is enough. */
  tests: boolean;
  /** Why it is not built, if it is not. */
  skip?: string;
  failure?: UserError;
}

/** A variant whose image was built and read. */
export interface BuiltRun extends VariantRun {
  /** A tag that this run alone uses, as another may move the image's name. */
  own: string;
  /** How to build it again. */
  options: Pick<BuildOptions, "buildArgs" | "platform" | "timestamp">;
  image: Image;
  /** What the report says of it. */
  variant: Variant;
}

export interface RunContext {
  config: BuildConfig;
  engine: Engine;
  bases: Map<Architecture, Bases>;
  /** What images are called in place of the context's name. */
  given?: { name: string; several: boolean };
  /** Why the engine cannot date files, on these bases. */
  cannotDate?: string;
  io: Io;
  /** Takes away what the run alone needed, at its end. */
  cleanup: AsyncDisposableStack;
}

/** Notes what was not measured and why, or what stands out. */
export function note({ variant }: BuiltRun, ...texts: string[]): void {
  if (texts.length > 0) variant.notes = [...variant.notes ?? [], ...texts];
}

/** Whether an error says something of one variant alone. */
export function isOwnFailure(
  error: unknown,
  { io }: Pick<RunContext, "io">,
): error is UserError {
  return error instanceof UserError && !(error instanceof EngineGone) &&
    !io.signal.aborted;
}

/** Removes an image that may not be there; what still uses it keeps it. */
export async function removeImage(
  engine: Pick<Engine, "inspect" | "remove">,
  image: string,
): Promise<void> {
  if (await engine.inspect(image) !== undefined) await engine.remove(image);
}
