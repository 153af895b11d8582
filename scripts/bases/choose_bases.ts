/** Where base images come from: a registry, or packages where none answers. @module */
import { hash } from "node:crypto";
import type { Engine } from "../engine/engine.ts";
import { installCommand } from "../engine/setup.ts";
import { runs } from "../lib/command.ts";
import { EXIT, explainFiles, messageOf, UserError } from "../lib/errors.ts";
import { type Architecture, HOST } from "../lib/platform.ts";
import { makeScratch } from "../lib/files.ts";
import type { WriteOptions } from "./debian.ts";
import {
  BUILDER_PACKAGES,
  DENO,
  DENO_VERSION,
  DENORT,
  type Pin,
  RUNTIME_PACKAGES,
  SUITE,
} from "./pins.ts";
import { fetchWheel, findPip, type Pip } from "./programs.ts";
import {
  BUILDER_DOCKERFILE,
  BUILDER_FILES,
  crossDockerfile,
  RUNTIME_DOCKERFILE,
  RUNTIME_FILES,
  writeBuilder,
  writeCross,
  writeRuntime,
} from "./root_filesystems.ts";

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
  /** What programs are compiled for and run on; this machine's own when absent. */
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
  const { wanted, engine, defaults, denoFlags } = options;
  const { failure, why } = wanted === "auto"
    ? await reach(options)
    : { why: "asked for" };
  if (wanted !== "packages" && failure === undefined) {
    const reason = `registry: ${why}`;
    const info = defaults.builder
      ? await engine.inspect(defaults.builder)
      : undefined;
    const [, deno] = info?.config.env.map((line) => line.split("="))
      .find(([name]) => name === "DENO_VERSION") ?? [];
    return { source: "registry", reason, ...defaults, deno, buildArgs: {} };
  }
  if (failure !== undefined && options.named) throw failure;
  const { builder, runtime } = await assembleBases(options);
  return {
    source: "packages",
    reason: `packages: Debian ${SUITE}, Deno ${DENO_VERSION}; ${why}`,
    builder,
    runtime,
    system: `Debian ${SUITE}`,
    deno: DENO_VERSION,
    buildArgs: {
      BUILDER_IMAGE: builder,
      RUNTIME_IMAGE: runtime,
      ...denoFlags && { DENO_FLAGS: denoFlags },
    },
  };
}

/** Makes sure that the defaults are here, or says why one cannot be pulled. */
async function reach(
  { engine, defaults, architecture, onLine, signal }: ChooseOptions,
): Promise<{ failure?: UserError; why: string }> {
  const pulled: string[] = [];
  const images = [defaults.builder, defaults.runtime].filter(Boolean);
  if (images.length === 0) return { why: "the Dockerfiles leave no base open" };
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

/** Goes up when the code changes what a base holds. */
const RECIPE = 2;

type AssembleOptions = Omit<ChooseOptions, "wanted" | "defaults" | "named">;

/** Names of the bases for an architecture; `host` is what the builder runs on. */
export function baseNames(
  architecture: Architecture,
  host: Architecture = HOST,
): { builder: string; runtime: string } {
  const own = baseName("builder", {
    architecture: host,
    dockerfile: BUILDER_DOCKERFILE,
    files: BUILDER_FILES,
    host,
    packages: BUILDER_PACKAGES,
    programs: [DENO[host].sha256, DENORT[host].sha256],
    recipe: RECIPE,
    suite: SUITE,
  });
  return {
    builder: architecture === host ? own : baseName("builder", {
      dockerfile: crossDockerfile(own),
      program: DENORT[architecture].sha256,
      recipe: RECIPE,
    }),
    runtime: baseName("runtime", {
      architecture,
      dockerfile: RUNTIME_DOCKERFILE,
      files: RUNTIME_FILES,
      packages: RUNTIME_PACKAGES,
      recipe: RECIPE,
      suite: SUITE,
    }),
  };
}

/** Names a base by all that decides its content; another order of keys is another name. */
function baseName(kind: "builder" | "runtime", ingredients: object): string {
  const digest = hash("sha256", JSON.stringify(ingredients));
  return `localhost/deno-small-image/${kind}:${digest.slice(0, 12)}`;
}

/** Makes sure that both bases are there, and tells their names. */
export async function assembleBases(
  options: AssembleOptions,
): Promise<{ builder: string; runtime: string }> {
  const { engine, refresh, architecture = HOST, onLine } = options;
  const names = baseNames(architecture);
  const own = baseNames(HOST).builder;
  const missing = async (name: string) =>
    refresh || await engine.inspect(name) === undefined;
  const withBuilder = await missing(names.builder);
  const withRuntime = await missing(names.runtime);
  if (!withBuilder && !withRuntime) return names;
  const pip = await provide(withBuilder, options);

  // One failure stops the rest, and all is waited for before it is reported.
  const failed = new AbortController();
  const signal = options.signal
    ? AbortSignal.any([options.signal, failed.signal])
    : failed.signal;
  const tasks = [];
  if (pip !== undefined) tasks.push(assembleBuilder(pip));
  if (withRuntime) {
    const { runtime } = names;
    tasks.push(
      assemble(runtime, RUNTIME_DOCKERFILE, writeRuntime, architecture),
    );
  }
  await Promise.all(
    tasks.map((task) => task.catch((error) => failed.abort(error))),
  );
  signal.throwIfAborted();
  return names;

  async function assembleBuilder(pip: Pip): Promise<void> {
    const wheelOf = (pin: Pin) => fetchWheel(pin, pip, { onLine, signal });
    if (await missing(own)) {
      await assemble(own, BUILDER_DOCKERFILE, (path, options) => {
        const wheels = [wheelOf(DENO[HOST]), wheelOf(DENORT[HOST])] as const;
        return writeBuilder(path, Promise.all(wheels), options);
      });
    }
    if (architecture === HOST) return;
    await assemble(
      names.builder,
      crossDockerfile(own),
      async (path) =>
        writeCross(path, await wheelOf(DENORT[architecture]), architecture),
    );
  }

  /** Builds a context of two files, as every engine can for any architecture. */
  async function assemble(
    tag: string,
    dockerfile: string,
    write: (path: string, options: WriteOptions) => Promise<void>,
    architecture = HOST,
  ): Promise<void> {
    const kind = tag === names.runtime ? "runtime" : "builder";
    const say = (line: string) => onLine?.(`${kind}: ${line}`);
    try {
      await using scratch = await makeScratch();
      const folder = scratch.path;
      const context = `${folder}/context`;
      await Deno.mkdir(context);
      await Deno.writeTextFile(`${context}/Dockerfile`, dockerfile);
      const options = { architecture, folder, onLine: say, signal };
      await write(`${context}/rootfs.tar`, options);
      signal.throwIfAborted();
      say(`building ${tag}`);
      await engine.build({
        context,
        dockerfile: `${context}/Dockerfile`,
        tag,
        platform: architecture === HOST ? undefined : `linux/${architecture}`,
        signal,
      });
    } catch (error) {
      const next =
        "Free some space where temporary files go, or set TMPDIR to a folder with 1 GB";
      const nexts = { full: next, readOnly: next };
      throw explainFiles("Cannot assemble the bases", error, nexts) ?? error;
    }
  }
}

/** Makes sure that the tools are there, or has them installed; tells how to call pip. */
async function provide(
  withPrograms: boolean,
  { setup, signal }: AssembleOptions,
): Promise<Pip | undefined> {
  for (const install of [setup, undefined]) {
    const [mmdebstrap, pip] = await Promise.all([
      runs("mmdebstrap", ["--version"], signal),
      withPrograms ? findPip(signal) : undefined,
    ]);
    const missing = mmdebstrap ? [] : ["mmdebstrap"];
    if (withPrograms && pip === undefined) missing.push("python3-pip");
    if (missing.length === 0) return pip;
    if (install !== undefined) await install(missing);
    else {
      const packages = missing.join(" and ");
      throw new UserError(`Cannot assemble the bases without ${packages}`, {
        next: `Add --setup, or run: ${installCommand(missing)}`,
        exitCode: EXIT.environment,
      });
    }
  }
}
