/** What docker and podman share: one command with the same words. @module */
import { z } from "zod";
import { configOf } from "../image/image_documents.ts";
import { attempt, byteStream, CommandFailed } from "../lib/command.ts";
import { EngineGone, EXIT, UserError } from "../lib/errors.ts";
import {
  containerName,
  isLeftover,
  owner,
  OWNER_LABEL,
  ownTag,
} from "../lib/owner.ts";
import { makeScratch } from "../lib/files.ts";
import { CommandEngine } from "./command_engine.ts";
import { buildArgs, type Builder, createArgs } from "./command_lines.ts";
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
  ImageInfo,
  RunOptions,
} from "./engine.ts";
import { explainExport, explainStart } from "./explain.ts";
import { freePort } from "./free_port.ts";
import { isInGroup, killGroup } from "./processes.ts";

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

export class DockerLike extends CommandEngine implements Engine {
  readonly name: Dialect["name"];
  readonly version: string;
  readonly pruneCommand?: string;
  readonly cannot: Engine["cannot"];
  readonly working?: string;
  #how?: HowItBuilds | Promise<HowItBuilds>;

  constructor(readonly dialect: Dialect) {
    super();
    this.name = dialect.name;
    this.version = dialect.version;
    this.pruneCommand = dialect.pruneCommand;
    this.cannot = dialect.cannot;
    this.working = dialect.working;
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
    // BuildKit keeps its cache apart from images: a test leaves no image. The
    // others' cache is the untagged image, which therefore stays.
    const passing = options.tag === undefined && builder === "buildkit"
      ? ownTag("test")
      : undefined;
    const named = { ...options, tag: options.tag ?? passing };
    const { signal } = options;
    try {
      await this.clearing(options, async (mark, { onLine }) => {
        const args = buildArgs(named, builder, mark);
        await using scratch = builder === "podman"
          ? await makeScratch()
          : undefined;
        const env = scratch?.env ??
          { DOCKER_BUILDKIT: builder === "buildkit" ? "1" : "0" };
        await runDocker(this.name, args, { env, signal, onLine });
      });
    } finally {
      if (passing !== undefined) await attempt(this.name, ["rmi", passing]);
    }
  }

  protected async untagged(): Promise<string[]> {
    const filter = ["--filter", "dangling=true", "--quiet", "--no-trunc"];
    return await this.#listed("images", ...filter);
  }

  protected async containers(): Promise<{ id: string; name: string }[]> {
    const format = ["--no-trunc", "--format", "{{.ID}}\t{{.Names}}"];
    return (await this.#listed("ps", "--all", "--external", ...format))
      .map((line) => line.split("\t"))
      .map(([id, name = ""]) => ({ id, name }));
  }

  async #listed(...args: string[]): Promise<string[]> {
    const text = (await runDocker(this.name, args)).trim();
    return text === "" ? [] : text.split("\n");
  }

  /** Of the daemon itself, which answers in a tenth of the client's time. */
  async inspect(image: string): Promise<ImageInfo | undefined> {
    const { socket } = this.dialect;
    if (socket === undefined) {
      const accepts = /no such image|image not known/i;
      const args = ["image", "inspect", image];
      const { code, stdout } = await attemptDocker(this.name, args, {
        accepts,
      });
      return code === 0 ? dockerImageInfo(stdout) : undefined;
    }
    const path = `/images/${encodeURIComponent(image)}/json`;
    try {
      return dockerImageInfo(`[${await daemonText(socket, path)}]`);
    } catch (error) {
      if (error instanceof DaemonRefused && isUnknown(error)) return undefined;
      if (!(error instanceof DaemonRefused)) await throwIfGone(this.name);
      throw error;
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

  async run(options: RunOptions): Promise<Container> {
    const { image, user, writable } = options;
    // podman knows no owner of what is mounted in memory.
    const owner = writable === undefined || this.name === "podman"
      ? undefined
      : user ?? (await this.inspect(image))?.config.user;
    return await runContainer(this.dialect, options, owner);
  }

  async list(): Promise<string[]> {
    const format = ["--format", "{{.Repository}}:{{.Tag}}"];
    return (await this.#listed("images", ...format))
      .filter((name) => !name.includes("<none>"));
  }

  protected override async sweepContainers(
    options: { remove: boolean },
  ): Promise<string[]> {
    const filter = ["--filter", `label=${OWNER_LABEL}`];
    const all = ["ps", "--all", ...filter, "--format", "{{.Names}}"];
    const gone = (await this.#listed(...all)).filter(isLeftover);
    if (options.remove && gone.length > 0) {
      await attempt(this.name, ["rm", "--force", "--volumes", ...gone]);
    }
    return [...gone, ...await super.sweepContainers(options)];
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

const NO_SUCH = /no such (container|object)/i;
/** It is gone, or somebody else removes it. */
const GOING =
  /no such (container|object)|removal of container .* is already in progress/i;
const PORT_TAKEN = /port is already allocated|address already in use/i;
/** Characters of standard output that a log shows. */
const LOG_SHOWN = 128 * 1024;
/** Milliseconds by which the time of day may be slewed while a container starts. */
const CLOCK_MS = 5;

/** Runs a container; nothing is left behind when that fails or is aborted. */
async function runContainer(
  dialect: Dialect,
  options: RunOptions,
  user?: string,
): Promise<Container> {
  for (let tries = 1;; tries++) {
    try {
      return await startOnce(dialect, options, user);
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      if (PORT_TAKEN.test(error.output) && tries < 5) continue;
      throw explainStart(options.image, error.output, error);
    }
  }
}

async function startOnce(
  { name: command, socket }: Dialect,
  options: RunOptions,
  user?: string,
): Promise<Container> {
  options.signal?.throwIfAborted();
  const name = containerName();
  const hostPort = options.port === undefined ? undefined : freePort();
  let id: string | undefined;
  try {
    // Without the signal: a client that is killed leaves its daemon at work,
    // and the container would appear after it was removed.
    const args = createArgs(options, { name, owner: owner(), hostPort, user });
    id = (await runDocker(command, args)).trim();
    options.signal?.throwIfAborted();
    const startedAt = performance.now();
    await runDocker(command, ["start", name]);
    options.signal?.throwIfAborted();
    const url = hostPort ? `http://127.0.0.1:${hostPort}` : undefined;
    return new DockerContainer(command, name, id, startedAt, url, socket);
  } catch (error) {
    await attempt(command, ["rm", "--force", "--volumes", name]);
    // It may have come up while the daemon was killed.
    if (id && error instanceof EngineGone) killGroup(id);
    throw error;
  }
}

/** The time of day when `performance.now()` was 0, in milliseconds. */
function timeOfDay(): number {
  return Date.now() - performance.now();
}

class DockerContainer implements Container {
  readonly #clock = timeOfDay();
  #exited?: Promise<number>;
  #pid?: number;

  constructor(
    readonly command: string,
    readonly name: string,
    readonly id: string,
    readonly startedAt: number,
    readonly url?: string,
    readonly socket?: string,
  ) {}

  /** Waiting takes a process of its own: it starts when somebody asks. */
  get exited(): Promise<number> {
    if (this.#exited === undefined) {
      this.#exited = this.#wait();
      this.#exited.catch(() => {}); // Whoever awaits it sees it.
    }
    return this.#exited;
  }

  async #wait(): Promise<number> {
    const { code, stdout } = await this.#ask(["wait", this.name], NO_SUCH);
    if (code === 0) return Number(stdout.trim());
    throw new UserError("The container was removed while it ran", {
      next: "Leave containers named deno-small-image-* alone, and run again",
      exitCode: EXIT.checkFailed,
    });
  }

  /** Runs a command, which may also fail with what is accepted. */
  #ask(args: string[], accepts: RegExp) {
    return attemptDocker(this.command, args, { accepts });
  }

  async processStartedAt(): Promise<number | undefined> {
    // The clock of a virtual machine is not this one's.
    if (await this.pid() === undefined) return undefined;
    const at = Date.parse((await this.#state())?.StartedAt ?? "");
    const clock = timeOfDay();
    // Else the clock was set since the container was started.
    return Math.abs(clock - this.#clock) < CLOCK_MS ? at - clock : undefined;
  }

  /** Asking takes time: what is known is only looked at. */
  async pid(): Promise<number | undefined> {
    if (this.#pid !== undefined && isInGroup(this.#pid, this.id)) {
      return this.#pid;
    }
    const pid = (await this.#state())?.Pid ?? 0;
    // In a virtual machine or on another host the number means nothing here.
    this.#pid = pid > 0 && isInGroup(pid, this.id) ? pid : undefined;
    return this.#pid;
  }

  /** Of the daemon itself where it can be asked, as {@linkcode DockerLike.inspect}. */
  async #state(): Promise<{ Pid: number; StartedAt: string } | undefined> {
    if (this.socket === undefined) {
      const args = ["inspect", "--format", "{{json .State}}", this.name];
      const { code, stdout } = await this.#ask(args, NO_SUCH);
      return code === 0 ? JSON.parse(stdout) : undefined;
    }
    try {
      const path = `/containers/${this.name}/json`;
      return JSON.parse(await daemonText(this.socket, path)).State;
    } catch (error) {
      if (error instanceof DaemonRefused && error.status === 404) return;
      if (!(error instanceof DaemonRefused)) await throwIfGone(this.command);
      throw error;
    }
  }

  async exec(command: string[], options: { signal?: AbortSignal } = {}) {
    const args = ["exec", this.name, ...command];
    const { code, output } = await attemptDocker(this.command, args, options);
    return { code, output };
  }

  async logs(): Promise<string> {
    const args = ["logs", this.name];
    const { stdout, stderr } = await attemptDocker(this.command, args);
    // Errors last, where no flood of other lines pushes them out.
    return stdout.slice(-LOG_SHOWN) + stderr;
  }

  async kill(signal: "SIGTERM" | "SIGKILL" | "SIGINT"): Promise<void> {
    const ended = /is not running|no such container|can only kill running/i;
    await this.#ask(["kill", "--signal", signal, this.name], ended);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const args = ["rm", "--force", "--volumes", this.name];
    try {
      for (let tries = 1;; tries++) {
        const accepts = tries < 50 ? GOING : NO_SUCH;
        const { code, output } = await this.#ask(args, accepts);
        if (code === 0 || NO_SUCH.test(output)) break;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    } catch (error) {
      // A daemon that was killed leaves its containers at work.
      if (error instanceof EngineGone) killGroup(this.id);
      throw error;
    }
    await this.#exited?.catch(() => {});
  }
}
