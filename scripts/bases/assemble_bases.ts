/**
 * Both bases from packages, at the same time: Debian for the builder, Debian for
 * the runtime and the wheels do not wait for each other. What is there already
 * is not assembled again.
 *
 * @module
 */
import { cacheFolder } from "../lib/cache.ts";
import { runs } from "../lib/command.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import type { Engine } from "../engine/engine.ts";
import { type Architecture, HOST } from "../lib/platform.ts";
import { baseName, buildBase } from "./build_base.ts";
import {
  BUILDER_DOCKERFILE,
  BUILDER_FILES,
  crossDockerfile,
  writeBuilder,
  writeCross,
} from "./builder_base.ts";
import {
  BUILDER_PACKAGES,
  DENO,
  DENORT,
  type Pin,
  RUNTIME_PACKAGES,
  SUITE,
} from "./pins.ts";
import { fetchWheel, findPip, type Pip, readProgram } from "./programs.ts";
import { RUNTIME_DOCKERFILE, writeRuntime } from "./runtime_base.ts";
import { RUNTIME_FILES } from "./runtime_tree.ts";

/** Goes up when the code changes what a base holds. */
const RECIPE = 2;

/** What assembling needs. */
export interface AssembleOptions {
  engine: Engine;
  refresh?: boolean;
  /** What programs are compiled for and run on; this machine's own when absent. */
  architecture?: Architecture;
  setup?: (commands: string[]) => Promise<void>;
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

/**
 * Names of the bases for an architecture.
 *
 * @param architecture What programs are compiled for and run on.
 * @param host What the builder runs on.
 */
export function baseNames(
  architecture: Architecture,
  host: Architecture = HOST,
): { builder: string; runtime: string } {
  const common = { recipe: RECIPE, suite: SUITE };
  const own = baseName("builder", {
    ...common,
    architecture: host,
    host,
    packages: BUILDER_PACKAGES,
    programs: [DENO[host].sha256, DENORT[host].sha256],
    dockerfile: BUILDER_DOCKERFILE,
    files: BUILDER_FILES,
  });
  return {
    builder: architecture === host ? own : baseName("builder", {
      recipe: RECIPE,
      program: DENORT[architecture].sha256,
      dockerfile: crossDockerfile(own),
    }),
    runtime: baseName("runtime", {
      ...common,
      architecture,
      packages: RUNTIME_PACKAGES,
      dockerfile: RUNTIME_DOCKERFILE,
      files: RUNTIME_FILES,
    }),
  };
}

/**
 * Makes sure that both bases are there.
 *
 * @param options The engine to keep them in, and what they are for.
 * @returns Their names.
 * @throws {UserError} when a tool is missing, or a package cannot be had.
 */
export async function assembleBases(
  options: AssembleOptions,
): Promise<{ builder: string; runtime: string }> {
  const { engine, refresh, architecture = HOST, onLine } = options;
  const names = baseNames(architecture);
  const own = baseNames(HOST).builder;
  const missing = async (name: string) =>
    refresh || await engine.inspect(name) === undefined;
  const needed = {
    builder: await missing(names.builder),
    runtime: await missing(names.runtime),
  };
  if (!needed.builder && !needed.runtime) return names;
  const pip = await provide(needed.builder, options);
  const withOwn = architecture === HOST || await missing(own);

  // One failure stops the rest, and all is waited for before it is reported.
  const failed = new AbortController();
  const signal = options.signal
    ? AbortSignal.any([options.signal, failed.signal])
    : failed.signal;
  const tasks: Promise<void>[] = [];
  if (pip !== undefined) tasks.push(builder(pip));
  if (needed.runtime) tasks.push(runtime(names.runtime));
  const results = await Promise.allSettled(
    tasks.map((task) =>
      task.catch((error) => {
        failed.abort(error);
        throw error;
      })
    ),
  );
  options.signal?.throwIfAborted();
  if (failed.signal.aborted) throw failed.signal.reason;
  if (results.some(({ status }) => status === "rejected")) {
    throw new Error("A base was not assembled");
  }
  return names;

  async function builder(pip: Pip): Promise<void> {
    const say = (line: string) => onLine?.(`builder: ${line}`);
    const wheelOf = (pin: Pin) =>
      fetchWheel(pin, pip, { cache: cacheFolder(), onLine, signal });
    if (withOwn) {
      await buildBase(engine, {
        tag: own,
        dockerfile: BUILDER_DOCKERFILE,
        write: (path, folder) => {
          const wheels = Promise.all([
            wheelOf(DENO[HOST]),
            wheelOf(DENORT[HOST]),
          ]).then(([deno, denort]) => ({ deno, denort }));
          // It is awaited in there, but only once Debian has been started.
          wheels.catch(() => {});
          return writeBuilder(path, wheels, readProgram, {
            architecture: HOST,
            folder,
            onLine: say,
            signal,
          });
        },
        onLine: say,
        signal,
      });
    }
    if (architecture === HOST) return;
    await buildBase(engine, {
      tag: names.builder,
      dockerfile: crossDockerfile(own),
      write: async (path) =>
        writeCross(path, await wheelOf(DENORT[architecture]), architecture),
      onLine: say,
      signal,
    });
  }

  function runtime(tag: string): Promise<void> {
    const say = (line: string) => onLine?.(`runtime: ${line}`);
    return buildBase(engine, {
      tag,
      dockerfile: RUNTIME_DOCKERFILE,
      platform: architecture === HOST ? undefined : `linux/${architecture}`,
      write: (path, folder) =>
        writeRuntime(path, { architecture, folder, onLine: say, signal }),
      onLine: say,
      signal,
    });
  }
}

/**
 * Makes sure that the tools are there, or has them installed.
 *
 * @returns How to call pip, when programs are needed.
 */
async function provide(
  withPrograms: boolean,
  { setup, signal }: AssembleOptions,
): Promise<Pip | undefined> {
  const look = async () => {
    const [mmdebstrap, pip] = await Promise.all([
      runs("mmdebstrap", ["--version"], signal),
      withPrograms ? findPip(signal) : undefined,
    ]);
    const missing = mmdebstrap ? [] : ["mmdebstrap"];
    if (withPrograms && pip === undefined) missing.push("python3-pip");
    return { pip, missing };
  };
  const before = await look();
  if (before.missing.length === 0) return before.pip;
  if (setup === undefined) throw lacking(before.missing);
  await setup(before.missing);
  const after = await look();
  if (after.missing.length > 0) throw lacking(after.missing);
  return after.pip;
}

function lacking(packages: string[]): UserError {
  return new UserError(
    `Cannot assemble the bases: missing ${packages.join(" and ")}`,
    {
      next: `Add --setup, or run: apt-get update && apt-get install --yes ${
        packages.join(" ")
      }`,
      exitCode: EXIT.environment,
    },
  );
}
