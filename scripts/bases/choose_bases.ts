/** Where base images come from: a registry, or packages where none answers. @module */
import { messageOf, UserError } from "../lib/errors.ts";
import type { Engine } from "../engine/engine.ts";
import { assembleBases } from "./assemble_bases.ts";
import type { Architecture } from "../lib/platform.ts";
import { DENO_VERSION, SUITE } from "./pins.ts";

export interface Bases {
  source: "registry" | "packages";
  /** Which was chosen and why, as one line. */
  reason: string;
  builder: string;
  runtime: string;
  system?: string;
  deno?: string;
  buildArgs: Record<string, string>;
}

interface ChooseOptions {
  wanted: "auto" | "registry" | "packages";
  engine: Engine;
  /** The Dockerfiles' own bases; `""` for one that they do not leave open. */
  defaults: { builder: string; runtime: string };
  /** Whether the user named one of them: no stand-in takes its place then. */
  named?: boolean;
  refresh?: boolean;
  architecture?: Architecture;
  /** For compiling on assembled bases, as `DENO_FLAGS`. */
  denoFlags?: string;
  /** Installs Debian packages that are missing, or throws. */
  setup?: (commands: string[]) => Promise<void>;
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

/** Chooses the bases, and assembles them when they are to come from packages. */
export async function chooseBases(options: ChooseOptions): Promise<Bases> {
  const { wanted, defaults } = options;
  if (wanted === "registry") {
    return await fromRegistry(options, "registry: asked for");
  }
  let reason = "asked for";
  if (wanted === "auto") {
    if (defaults.builder === "" && defaults.runtime === "") {
      const why = "registry: the Dockerfiles leave no base open";
      return await fromRegistry(options, why);
    }
    const { failure, why } = await reach(options);
    if (failure === undefined) {
      return await fromRegistry(options, `registry: ${why}`);
    }
    if (options.named) throw failure;
    reason = why;
  }
  const { builder, runtime } = await assembleBases(options);
  return {
    source: "packages",
    reason: `packages: Debian ${SUITE}, Deno ${DENO_VERSION}; ${reason}`,
    builder,
    runtime,
    system: `Debian ${SUITE}`,
    deno: DENO_VERSION,
    buildArgs: {
      BUILDER_IMAGE: builder,
      RUNTIME_IMAGE: runtime,
      ...options.denoFlags && { DENO_FLAGS: options.denoFlags },
    },
  };
}

async function fromRegistry(
  { engine, defaults }: ChooseOptions,
  reason: string,
): Promise<Bases> {
  const info = defaults.builder
    ? await engine.inspect(defaults.builder)
    : undefined;
  const deno = info?.config.env.find((line) => line.startsWith("DENO_VERSION="))
    ?.slice("DENO_VERSION=".length);
  return { source: "registry", reason, ...defaults, deno, buildArgs: {} };
}

async function reach(
  { engine, defaults, architecture, onLine, signal }: ChooseOptions,
): Promise<{ failure?: UserError; why: string }> {
  const pulled: string[] = [];
  const images = [defaults.builder, defaults.runtime].filter(Boolean);
  for (const image of images) {
    signal?.throwIfAborted();
    // The builder runs here, whatever it compiles for.
    const wanted = image === defaults.builder ? undefined : architecture;
    const here = await engine.inspect(image);
    if (here && (wanted ?? here.architecture) === here.architecture) continue;
    onLine?.(`pulling ${image}`);
    try {
      const platform = wanted && `linux/${wanted}`;
      await engine.pull(image, { platform, signal });
      pulled.push(image);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof UserError)) throw error;
      return { failure: error, why: messageOf(error).split("\n", 1)[0] };
    }
  }
  const why = pulled.length > 0
    ? `pulled ${pulled.join(" and ")}`
    : `${images.join(" and ")} ${images.length > 1 ? "are" : "is"} here`;
  return { why };
}
