/**
 * What docker and podman share: one command with the same words.
 *
 * @module
 */
import { basename } from "node:path";
import { z } from "zod";
import { configOf } from "../image/image_documents.ts";
import { attempt, byteStream, CommandFailed } from "../lib/command.ts";
import {
  containerName,
  isLeftover,
  isLeftoverTag,
  OWNER_LABEL,
  ownTag,
} from "../lib/owner.ts";
import { sweepScratch, withScratch } from "../lib/scratch_folder.ts";
import {
  contextSteps,
  StepImages,
  sweepWorking,
  type Untagged,
} from "./build_remains.ts";
import { buildArgs, type Builder } from "./command_lines.ts";
import { runContainer } from "./docker_container.ts";
import {
  attemptDocker,
  DaemonRefused,
  daemonStream,
  daemonText,
  runDocker,
  throwIfGone,
} from "./docker_daemon.ts";
import type {
  BuildOptions,
  Container,
  Engine,
  EngineName,
  ImageInfo,
  Leftovers,
  PullOptions,
  RunOptions,
} from "./engine.ts";
import { explainBuild, explainExport, explainPull } from "./explain.ts";
import { sweepProcesses } from "./processes.ts";

export interface HowItBuilds {
  builder: Builder;
  /** Why it cannot date files, whatever it builds on. */
  cannotDate?: string;
}

/** In what docker and podman differ. */
export interface Dialect
  extends Pick<Engine, "name" | "version" | "pruneCommand" | "cannot"> {
  /** Called once, when something is to be built: finding out takes commands. */
  build: () => HowItBuilds | Promise<HowItBuilds>;
  /** Folder of the containers it builds in; docker's daemon looks after its own. */
  working?: string;
  /** Unix socket of a daemon on this machine, if it can be connected to. */
  socket?: string;
}

export class DockerLike implements Engine {
  readonly name: EngineName;
  readonly version: string;
  readonly pruneCommand?: string;
  readonly cannot: Engine["cannot"];
  #how?: HowItBuilds | Promise<HowItBuilds>;

  constructor(readonly dialect: Dialect) {
    this.name = dialect.name;
    this.version = dialect.version;
    this.pruneCommand = dialect.pruneCommand;
    this.cannot = dialect.cannot;
  }

  async cannotDate(local: boolean): Promise<string | undefined> {
    const { builder, cannotDate } = await (this.#how ??= this.dialect.build());
    if (cannotDate !== undefined || builder === "podman" || !local) {
      return cannotDate;
    }
    return "the builder of docker buildx, which dates files, does not have the bases that docker has";
  }

  async build(options: BuildOptions): Promise<void> {
    const { builder } = await (this.#how ??= this.dialect.build());
    const mark = containerName();
    // BuildKit keeps its cache apart from images: a test leaves no image. The
    // others' cache is the untagged image, which therefore stays.
    const passing = options.tag === undefined && builder === "buildkit"
      ? ownTag("test")
      : undefined;
    const before = options.tag && (await this.inspect(options.tag))?.id;
    const named = { ...options, tag: options.tag ?? passing };
    const args = buildArgs(named, builder, mark);
    // docker keeps steps apart from images, and prints none like these.
    const steps = new StepImages(this.name, options);
    const { signal } = options;
    const { onLine } = steps;
    const build = (env: Record<string, string>) =>
      runDocker(this.name, args, { env, signal, onLine });
    try {
      await (this.name === "podman"
        ? withScratch(build)
        : build({ DOCKER_BUILDKIT: builder === "buildkit" ? "1" : "0" }));
    } catch (error) {
      await this.#sweepWorking((found) => found === mark, { remove: true });
      await steps.fail(this.#untagged);
      if (!(error instanceof CommandFailed)) throw error;
      const { dockerfile, context } = options;
      throw explainBuild(basename(dockerfile), error.output, error, context);
    } finally {
      if (passing !== undefined) await attempt(this.name, ["rmi", passing]);
    }
    if (before) await this.#removeUntagged(before);
    if (this.name === "podman") await steps.settle(this.#untagged);
  }

  steps(context: string, options: { remove: boolean }): Promise<number> {
    return contextSteps(this.name, context, options, this.#untagged);
  }

  readonly #untagged: Untagged = {
    list: async () => {
      const filter = ["--filter", "dangling=true", "--quiet", "--no-trunc"];
      const listed = await runDocker(this.name, ["images", ...filter]);
      return listed.trim().split("\n").map((id) => id.replace("sha256:", ""));
    },
    remove: async (id) => (await attempt(this.name, ["rmi", id])).code === 0,
  };

  /** An image that lost its tag to a newer one is of no use to anybody. */
  async #removeUntagged(id: string): Promise<void> {
    // podman makes up a digest for images that were never in a registry.
    const digests = this.name === "docker" ? "{{len .RepoDigests}}" : "0";
    const format = `{{len .RepoTags}} ${digests}`;
    const args = ["image", "inspect", "--format", format, id];
    const { code, stdout } = await attempt(this.name, args);
    // It stays when something still uses it; the engine refuses then.
    if (code === 0 && stdout.trim() === "0 0") {
      await attempt(this.name, ["rmi", id]);
    }
  }

  async inspect(image: string): Promise<ImageInfo | undefined> {
    const { socket } = this.dialect;
    if (socket !== undefined) return await this.#ask(socket, image);
    const args = ["image", "inspect", image];
    const result = await attemptDocker(this.name, args);
    if (result.code === 0) return dockerImageInfo(result.stdout);
    if (/no such image|image not known/i.test(result.output)) return undefined;
    throw new CommandFailed(this.name, args, result);
  }

  /** Of the daemon itself, which answers in a tenth of the client's time. */
  async #ask(socket: string, image: string): Promise<ImageInfo | undefined> {
    const path = `/images/${encodeURIComponent(image)}/json`;
    try {
      return dockerImageInfo(`[${await daemonText(socket, path)}]`);
    } catch (error) {
      if (error instanceof DaemonRefused && isUnknown(error)) return undefined;
      if (!(error instanceof DaemonRefused)) await throwIfGone(this.name);
      throw error;
    }
  }

  async pull(image: string, options: PullOptions = {}): Promise<void> {
    const { platform, signal } = options;
    const chosen = platform ? ["--platform", platform] : [];
    const args = ["pull", "--quiet", ...chosen, image];
    try {
      await runDocker(this.name, args, { signal });
    } catch (error) {
      throw explainPull(image, error);
    }
  }

  export(image: string, signal?: AbortSignal): ReadableStream<Uint8Array> {
    const explain = async (error: unknown) => {
      const failed = error instanceof CommandFailed;
      await throwIfGone(this.name, failed ? error.output : undefined);
      return failed || error instanceof DaemonRefused
        ? explainExport(image, error)
        : error;
    };
    const { socket } = this.dialect;
    if (socket === undefined) {
      return byteStream(this.name, ["save", image], { signal, explain });
    }
    const path = `/images/get?names=${encodeURIComponent(image)}`;
    return daemonStream(socket, path, { signal, explain });
  }

  run(options: RunOptions): Promise<Container> {
    return runContainer(this.name, options);
  }

  async remove(image: string): Promise<void> {
    await runDocker(this.name, ["rmi", image]);
  }

  async list(): Promise<string[]> {
    const args = ["images", "--format", "{{.Repository}}:{{.Tag}}"];
    return (await runDocker(this.name, args)).trim().split("\n")
      .filter((name) => name !== "" && !name.includes("<none>"));
  }

  async sweep(options: { remove: boolean }): Promise<Leftovers> {
    const { remove } = options;
    const process = await sweepProcesses(options);
    const filter = `label=${OWNER_LABEL}`;
    const args = ["ps", "--all", "--filter", filter, "--format", "{{.Names}}"];
    const listed = (await runDocker(this.name, args)).trim().split("\n");
    const gone = listed.filter(isLeftover);
    if (remove && gone.length > 0) {
      await attempt(this.name, ["rm", "--force", "--volumes", ...gone]);
    }
    const working = await this.#sweepWorking(isLeftover, options);
    const image = (await this.list()).filter(isLeftoverTag);
    if (remove && image.length > 0) await attempt(this.name, ["rmi", ...image]);
    const folder = await sweepScratch(options);
    return { process, container: [...gone, ...working], image, folder };
  }

  async #sweepWorking(
    chosen: (mark: string) => boolean,
    { remove }: { remove: boolean },
  ): Promise<string[]> {
    const { working } = this.dialect;
    if (working === undefined) return [];
    const format = ["--no-trunc", "--format", "{{.ID}}\t{{.Names}}"];
    const args = ["ps", "--all", "--external", ...format];
    const listed = (await runDocker(this.name, args)).trim().split("\n")
      .map((line) => line.split("\t"))
      .map(([id, name = ""]) => ({ id, name }));
    return await sweepWorking(listed, {
      folder: working,
      ...remove && { remove: [this.name, "rm", "--force"] },
    }, chosen);
  }
}

/** What is no name at all is of no image either: `..` is redirected, `A` refused. */
function isUnknown({ status, output }: DaemonRefused): boolean {
  return status === 404 || status === 301 || /no such image/i.test(output);
}

const inspected = z.array(z.object({
  Id: z.string(),
  Architecture: z.string(),
  Size: z.number().optional(),
  RootFS: z.object({ Layers: z.array(z.string()).nullish() }),
  Config: z.unknown().optional(),
  // podman tells it beside the config.
  HealthCheck: z.unknown().optional(),
  Healthcheck: z.unknown().optional(),
})).min(1);

/** Reads `docker image inspect` and `podman image inspect`: a list of one image. */
export function dockerImageInfo(json: string): ImageInfo {
  const [image] = inspected.parse(JSON.parse(json));
  const config = configOf(image.Config);
  if (config.healthcheck.length === 0) {
    config.healthcheck = [image.HealthCheck, image.Healthcheck]
      .flatMap((Healthcheck) => configOf({ Healthcheck }).healthcheck);
  }
  return {
    // podman leaves the algorithm out.
    id: image.Id.includes(":") ? image.Id : `sha256:${image.Id}`,
    architecture: image.Architecture,
    sizeBytes: image.Size,
    diffIds: image.RootFS.Layers ?? [],
    config,
  };
}
