/**
 * Both bases from packages, at the same time: Debian for the builder, Debian for
 * the runtime and the wheels do not wait for each other. What is there already
 * is not assembled again.
 *
 * @module
 */
import { cacheFolder } from "../lib/cache.ts";
import { runs } from "../lib/command.ts";
import { EXIT, messageOf, UserError } from "../lib/errors.ts";
import type { Engine } from "../engine/engine.ts";
import { type Architecture, HOST } from "../lib/platform.ts";
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
import {
  RUNTIME_DOCKERFILE,
  RUNTIME_FILES,
  writeRuntime,
} from "./runtime_base.ts";
import { createHash } from "node:crypto";
import { makeScratch, removeScratch } from "../lib/scratch_folder.ts";

/** Goes up when the code changes what a base holds. */
const RECIPE = 2;

/** What assembling needs. */
interface AssembleOptions {
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

/** What a base is made of. */
interface BaseOptions {
  /** Name of the image. */
  tag: string;
  /** Starts from scratch and adds `rootfs.tar`. */
  dockerfile: string;
  /**
   * Writes the root filesystem.
   *
   * @param folder A folder for temporary files.
   */
  write(path: string, folder: string): Promise<void>;
  /** As `linux/arm64`; the machine's own when absent. */
  platform?: string;
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

/**
 * Builds a base of a root filesystem: a context of two files that every engine can
 * build, for any architecture, since nothing in it runs. Whatever happens, its
 * temporary files are gone afterwards.
 *
 * @throws {UserError} when the disk is full or the engine cannot build it.
 */
async function buildBase(
  engine: Engine,
  { tag, dockerfile, write, platform, onLine, signal }: BaseOptions,
): Promise<void> {
  const folder = await makeScratch();
  try {
    const context = `${folder}/context`;
    await Deno.mkdir(context);
    await Deno.writeTextFile(`${context}/Dockerfile`, dockerfile);
    await write(`${context}/rootfs.tar`, folder);
    signal?.throwIfAborted();
    onLine?.(`building ${tag}`);
    const replaced = (await engine.inspect(tag))?.id;
    await engine.build({
      context,
      dockerfile: `${context}/Dockerfile`,
      tag,
      platform,
      signal,
    });
    if (replaced !== undefined) await forget(engine, replaced, tag);
  } catch (error) {
    throw withCause(error);
  } finally {
    await removeScratch(folder);
  }
}

/** Removes the image that lost its tag, unless something still needs it. */
async function forget(engine: Engine, id: string, tag: string): Promise<void> {
  if ((await engine.inspect(tag))?.id === id) return;
  try {
    await engine.remove(id);
  } catch {
    // Images built on it keep it.
  }
}

function withCause(error: unknown): unknown {
  if (error instanceof UserError) return error;
  if (!/no space left/i.test(messageOf(error))) return error;
  return new UserError("Cannot assemble the bases: no space left on device", {
    next:
      "Free some space where temporary files go, or set TMPDIR to a folder with 1 GB",
    exitCode: EXIT.environment,
    cause: error,
  });
}

/** Anything that JSON can write. */
type Json =
  | string
  | number
  | boolean
  | null
  | Json[]
  | { [key: string]: Json };

/**
 * Name and tag of a base.
 *
 * @param ingredients All that decides its content; the order of keys is of no
 * matter, the order of lists is.
 * @returns For example `localhost/deno-small-image/runtime:8f1c0a92b3d4`.
 */
export function baseName(kind: "builder" | "runtime", ingredients: Json) {
  const hash = createHash("sha256").update(canonical(ingredients)).digest(
    "hex",
  );
  return `localhost/deno-small-image/${kind}:${hash.slice(0, 12)}`;
}

/** JSON with sorted keys. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const pairs = Object.keys(value).sort().map((key) =>
      `${JSON.stringify(key)}:${canonical(value[key])}`
    );
    return `{${pairs.join(",")}}`;
  }
  return JSON.stringify(value);
}
