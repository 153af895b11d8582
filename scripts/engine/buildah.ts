/**
 * buildah: no daemon, no OCI runtime; what is left where nothing else works.
 *
 * @module
 */
import { basename, dirname } from "node:path";
import { z } from "zod";
import { configOf } from "../image/image_documents.ts";
import { attempt, byteStream, CommandFailed, run } from "../lib/command.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { containerName, isLeftover, isLeftoverTag } from "../lib/owner.ts";
import {
  makeScratch,
  removeScratch,
  sweepScratch,
  withScratch,
} from "../lib/scratch_folder.ts";
import {
  contextSteps,
  StepImages,
  sweepWorking,
  type Untagged,
} from "./build_remains.ts";
import { runService } from "./buildah_container.ts";
import { budArgs, pullArgs } from "./command_lines.ts";
import {
  type BuildOptions,
  type Container,
  type Engine,
  type ImageInfo,
  type Leftovers,
  type PullOptions,
  type RunOptions,
  Unusable,
} from "./engine.ts";
import { explainBuild, explainExport, explainPull } from "./explain.ts";
import { sweepProcesses } from "./processes.ts";
import { missing } from "./setup.ts";

const imageList = z.array(z.object({
  id: z.string(),
  names: z.array(z.string()).nullish().transform((names) => names ?? []),
})).nullable().transform((images) => images ?? []);

const containerList = z.array(
  z.object({ id: z.string(), containername: z.string() })
    .transform(({ id, containername }) => ({ id, name: containername })),
).nullable().transform((containers) => containers ?? []);

/** What it says when its store changes while it looks for what it has built. */
const RACED =
  /checking if cached image exists .*not known|[0-9a-f]{64}: image not known/;

const RM: [command: string, ...args: string[]] = ["buildah", "rm"];

export class Buildah implements Engine {
  readonly name = "buildah";
  readonly cannot: Engine["cannot"];

  /** @param containers Folder in which it describes its working containers. */
  constructor(readonly version: string, readonly containers: string) {
    const chroot = "buildah runs the service in a chroot";
    this.cannot = {
      readOnly: `${chroot}, whose files cannot be made read-only`,
      memoryBytes: `${chroot}, without a control group to limit its memory`,
      pids: `${chroot}, without a control group to count its processes`,
      ...(missing(["setpriv"]).length > 0
        ? { noNewPrivileges: "the command setpriv of util-linux is not there" }
        : {}),
    };
  }

  async build(options: BuildOptions): Promise<void> {
    const mark = containerName();
    const before = options.tag && (await this.inspect(options.tag))?.id;
    const steps = new StepImages("buildah", options);
    const { alias, tag, signal } = options;
    const { onLine } = steps;
    const names = [alias, tag].filter((name) => name !== undefined);
    const build = () =>
      withScratch(async (env) => {
        const args = budArgs(options, mark, this.version);
        await run("buildah", args, { env, signal, onLine });
        // Named here: buildah itself does so without regard to others.
        if (names.length === 0) return;
        const { built } = steps;
        if (built === undefined) throw new Error("buildah printed no image ID");
        await this.#naming(() => run("buildah", ["tag", built, ...names]));
      });
    try {
      await build().catch((error) => {
        // Somebody else removed an image that it was looking at.
        if (!(error instanceof CommandFailed && RACED.test(error.output))) {
          throw error;
        }
        return build();
      });
    } catch (error) {
      // It cleans up behind a step that fails, but not when it is told to end.
      await this.#sweepWorking((found) => found === mark, { remove: true });
      await this.#naming(() => steps.fail(this.#untagged));
      if (!(error instanceof CommandFailed)) throw error;
      const { dockerfile, context } = options;
      throw explainBuild(basename(dockerfile), error.output, error, context);
    }
    // An image that lost its tag to a newer one is of no use to anybody.
    await this.#naming(() => steps.settle(this.#untagged, before || undefined));
  }

  /**
   * Gives or takes names. Two buildahs that do so to the same image each write
   * back what they have read before, so that names get lost or come back.
   */
  #naming<T>(work: () => Promise<T>): Promise<T> {
    return locked(dirname(this.containers), work);
  }

  steps(context: string, options: { remove: boolean }): Promise<number> {
    return this.#naming(() =>
      contextSteps(this.name, context, options, this.#untagged)
    );
  }

  readonly #untagged: Untagged = {
    list: async () => {
      // Not by the filter for dangling ones: it leaves out what others build upon.
      return (await list(imageList, "images", "--no-trunc", "--all"))
        .filter(({ names }) => names.length === 0)
        .map(({ id }) => id.replace("sha256:", ""));
    },
    remove: async (id) => (await attempt("buildah", ["rmi", id])).code === 0,
  };

  async inspect(image: string): Promise<ImageInfo | undefined> {
    const args = ["inspect", "--type", "image", image];
    const result = await attempt("buildah", args);
    const { code, stdout, output } = result;
    if (code === 0) return buildahImageInfo(stdout);
    if (/image not known|no such image|locating image/i.test(output)) return;
    throw new CommandFailed("buildah", args, result);
  }

  async pull(image: string, options: PullOptions = {}): Promise<void> {
    const { platform, signal } = options;
    const args = pullArgs(image, this.version, platform);
    try {
      await withScratch((env) => run("buildah", args, { env, signal }));
    } catch (error) {
      throw explainPull(image, error);
    }
  }

  export(image: string, signal?: AbortSignal): ReadableStream<Uint8Array> {
    const args = ["push", "--quiet", image, "docker-archive:/dev/stdout"];
    const explain = (error: CommandFailed) => explainExport(image, error);
    return ReadableStream.from(read());

    async function* read() {
      const scratch = await makeScratch();
      try {
        const env = { TMPDIR: scratch };
        yield* byteStream("buildah", args, { env, signal, explain });
      } finally {
        await removeScratch(scratch);
      }
    }
  }

  async run(options: RunOptions): Promise<Container> {
    const info = await this.inspect(options.image);
    if (info === undefined) {
      throw new UserError(`Cannot find the image "${options.image}"`, {
        next: "Build or pull the image first",
        exitCode: EXIT.checkFailed,
      });
    }
    return await runService(options, info.config);
  }

  async remove(image: string): Promise<void> {
    for (let tries = 1;; tries++) {
      try {
        await this.#naming(() => run("buildah", ["rmi", image]));
        return;
      } catch (error) {
        // Its store may have changed under it; perhaps the image went, too.
        if (tries === 3) throw error;
        if (await this.inspect(image) === undefined) return;
      }
    }
  }

  async list(): Promise<string[]> {
    return (await list(imageList, "images")).flatMap(({ names }) => names);
  }

  async sweep(options: { remove: boolean }): Promise<Leftovers> {
    const { remove } = options;
    const process = await sweepProcesses(options);
    const container = await this.#sweepWorking(isLeftover, options);
    const image = (await this.list()).filter(isLeftoverTag);
    if (remove && image.length > 0) {
      await this.#naming(() => attempt("buildah", ["rmi", ...image]));
    }
    const folder = await sweepScratch(options);
    return { process, container, image, folder };
  }

  async #sweepWorking(
    chosen: (mark: string) => boolean,
    { remove }: { remove: boolean },
  ): Promise<string[]> {
    const listed = await list(containerList, "containers", "--all");
    const store = { folder: this.containers, ...remove && { remove: RM } };
    return await sweepWorking(listed, store, chosen);
  }
}

const inspected = z.object({
  FromImageID: z.string(),
  Docker: z.object({
    architecture: z.string(),
    rootfs: z.object({ diff_ids: z.array(z.string()).nullish() }),
    config: z.unknown().optional(),
  }),
});

/** Reads `buildah inspect --type image`, which gives no size in bytes. */
export function buildahImageInfo(json: string): ImageInfo {
  const { FromImageID, Docker } = inspected.parse(JSON.parse(json));
  return {
    id: `sha256:${FromImageID.replace("sha256:", "")}`,
    architecture: Docker.architecture,
    diffIds: Docker.rootfs.diff_ids ?? [],
    config: configOf(Docker.config),
  };
}

/** What buildah lists; it fails when somebody removes one of them meanwhile. */
async function list<T>(schema: z.ZodType<T>, ...args: string[]): Promise<T> {
  const listed = await retried(() => run("buildah", [...args, "--json"]));
  return schema.parse(JSON.parse(listed));
}

/** Works, once more as long as a command fails that may not the next time. */
export async function retried<T>(
  work: () => Promise<T>,
  { tries = 10, pauseMs = 50 } = {},
): Promise<T> {
  for (let left = tries - 1;; left--) {
    try {
      return await work();
    } catch (error) {
      if (left === 0 || !(error instanceof CommandFailed)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** @throws {Unusable} when it cannot work here. */
export async function buildah(signal?: AbortSignal): Promise<Buildah> {
  const { stdout } = await attempt("buildah", ["--version"], { signal });
  const info = await attempt("buildah", ["info"], { signal });
  if (info.code !== 0) {
    throw new Unusable(`it does not work: ${info.output.trim()}`);
  }
  const { store } = JSON.parse(info.stdout);
  return new Buildah(
    /version (\S+)/.exec(stdout)?.[1] ?? "unknown",
    `${store.GraphRoot}/${store.GraphDriverName}-containers`,
  );
}

/** Works once nobody else works on a folder; `work` must not ask for the same. */
export async function locked<T>(
  folder: string,
  work: () => Promise<T>,
): Promise<T> {
  using handle = await Deno.open(folder);
  // Some network file systems have no locks: then it goes as it did without.
  await handle.lock(true).catch(() => {});
  return await work();
}
