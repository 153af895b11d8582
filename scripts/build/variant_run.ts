/**
 * What a run is asked for, and one variant on its way from Dockerfile to verdict:
 * each step fills in its part; what was not done is absent.
 *
 * @module
 */
import type { Bases } from "../bases/choose_bases.ts";
import type { Checks } from "../check/check_image.ts";
import type { VariantFile } from "../dockerfile/find_variants.ts";
import type { BuildOptions, Engine } from "../engine/engine.ts";
import type { EngineChoice } from "../engine/find_engine.ts";
import type { UserError } from "../lib/errors.ts";
import type { Architecture, Platform } from "../lib/platform.ts";
import type { Io } from "../lib/progress.ts";
import { CHECK_LISTS } from "../report/check_kinds.ts";
import type { Variant } from "../report/report_schema.ts";
import type { Looked } from "./look.ts";

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

/** What a build left in the engine, and how to build it again. */
export interface Built {
  tag: string;
  /** A tag that this run alone uses, as another may move `tag` meanwhile. */
  own: string;
  options: Pick<BuildOptions, "buildArgs" | "platform" | "timestamp">;
  seconds: number;
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
  built?: Built;
  looked?: Looked;
  checks: Checks;
  figures: Pick<
    Variant,
    "startMs" | "processStartMs" | "cpuMs" | "memoryBytes" | "memoryFloorBytes"
  >;
  /** What the next deploy sends, and the layers that it does not send again. */
  nextDeploy?: { bytes: number; kept: ReadonlySet<string> };
  /** What was not measured, and why. */
  notes: string[];
}

export type BuiltRun =
  & VariantRun
  & Required<Pick<VariantRun, "built" | "looked">>;

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

export function builtRuns(runs: VariantRun[]): BuiltRun[] {
  return runs.filter((run): run is BuiltRun =>
    run.built !== undefined && run.looked !== undefined
  );
}

/** Adds the checks of a step to those of the steps before. */
export function addChecks(run: VariantRun, found: Checks): void {
  for (const list of CHECK_LISTS) {
    const checks = found[list];
    if (checks) run.checks[list] = [...run.checks[list] ?? [], ...checks];
  }
}
