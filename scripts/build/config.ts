/**
 * What a build is asked for: as the command line names it.
 *
 * @module
 */
import type { EngineChoice } from "../engine/find_engine.ts";
import type { Platform } from "../lib/platform.ts";

/** `deno task image`: build, check and compare. */
export interface BuildConfig extends EngineChoice {
  /** Print the report as JSON alone on stdout. */
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
  /** What the images are called beside the name that the context gives them. */
  tag?: string;
  /** Name of the variant that the others are compared with. */
  against?: string;
  /** Counted starts for each variant. */
  runs: number;
  zstd: boolean;
  /** Only build, inspect and check the contract. */
  quick: boolean;
  /** Build everything from nothing, twice, and compare. */
  reproducible: boolean;
  /** Look for the memory floor too, which takes minutes. */
  memoryFloor: boolean;
  out: string;
  contract?: string;
  budget?: string;
  /** An earlier report.json that growth is compared with. */
  baseline?: string;
  writeBaseline?: string;
  junit?: string;
}
