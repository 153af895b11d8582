/**
 * What a command line asks for, as types: what the commands read, and `cli.ts`
 * writes.
 *
 * @module
 */
import type { EngineChoice } from "../engine/prepare_engine.ts";
import type { Platform } from "../lib/platform.ts";

/** What every command takes. */
export interface CommonConfig extends EngineChoice {
  /** Print the result as JSON alone on stdout. */
  json: boolean;
}

/** `deno task image`: build, prove and compare. */
export interface BuildConfig extends CommonConfig {
  command: "build";
  context: string;
  /** Dockerfiles to build; empty: all of the context. */
  files: string[];
  bases: "auto" | "registry" | "packages";
  refreshBases: boolean;
  buildArgs: Record<string, string>;
  /** What images are for; empty: this machine. */
  platforms: Platform[];
  /** Arguments and values to build every Dockerfile that has them with, once more. */
  vary: [name: string, value: string][];
  /** Name of the variant that the others are compared with. */
  against?: string;
  /** Counted starts for each variant. */
  runs: number;
  zstd: boolean;
  /** Only build, inspect and hold to the contract. */
  quick: boolean;
  /** Build everything from nothing, twice, and compare. */
  reproducible: boolean;
  /** Look for the memory floor too, which takes minutes. */
  memoryFloor: boolean;
  out: string;
  contract?: string;
  budget?: string;
  /** An earlier report.json that growth is held against. */
  baseline?: string;
  writeBaseline?: string;
  junit?: string;
}

/** `deno task image inspect IMAGE`. */
export interface InspectConfig extends CommonConfig {
  command: "inspect";
  image: string;
}

/** `deno task image diff IMAGE IMAGE`. */
export interface DiffConfig extends CommonConfig {
  command: "diff";
  before: string;
  after: string;
  /** End with 1 when the images differ. */
  exitCode: boolean;
}

/** `deno task image compare IMAGE...`. */
export interface CompareConfig extends CommonConfig {
  command: "compare";
  images: string[];
  against?: string;
  zstd: boolean;
  out: string;
}

/** `deno task image init [DIR]`. */
export interface InitConfig extends CommonConfig {
  command: "init";
  folder: string;
  /** Entry point, from the folder; absent: found out. */
  entry?: string;
  /** Show what would be written, and write nothing. */
  dryRun: boolean;
  /** Replace files that are there. */
  force: boolean;
}

/** `deno task image sbom IMAGE`. */
export interface SbomConfig extends CommonConfig {
  command: "sbom";
  image: string;
  /** Images that files of it were copied from. */
  from: string[];
}

/** What the command line asks for. */
export type Config =
  | BuildConfig
  | InspectConfig
  | DiffConfig
  | CompareConfig
  | InitConfig
  | SbomConfig;
