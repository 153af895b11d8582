/** buildah: no daemon, no OCI runtime; what is left where nothing else works. @module */
import { dirname } from "node:path";
import { z } from "zod";
import { configOf } from "../image/image_documents.ts";
import type { ImageConfig } from "../image/model.ts";
import {
  attempt,
  byteStream,
  type Child,
  CommandFailed,
  run,
  signalProcess,
  start,
} from "../lib/command.ts";
import { containerName } from "../lib/owner.ts";
import { makeScratch, type Scratch } from "../lib/files.ts";
import { CommandEngine } from "./command_engine.ts";
import { attemptDocker } from "./docker_daemon.ts";
import { budArgs, fromArgs, mostFiles, runArgs } from "./command_lines.ts";
import {
  type BuildOptions,
  type Container,
  type Engine,
  type ImageInfo,
  type RunOptions,
  Unusable,
} from "./engine.ts";
import { explainExport, explainStart } from "./explain.ts";
import { freePort, isFree } from "./free_port.ts";
import {
  descendants,
  inRootBelow,
  isWrapper,
  processes,
  serviceOf,
} from "./processes.ts";
import { isInstalled } from "./setup.ts";

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
  /^Error: .*(?:checking if cached image exists .*|[0-9a-f]{64}: image |layer )not known/m;

export class Buildah extends CommandEngine implements Engine {
  readonly name = "buildah";
  readonly cannot: Engine["cannot"];

  constructor(readonly version: string, readonly working: string) {
    super();
    const chroot = "buildah runs the service in a chroot";
    this.cannot = {
      readOnly: `${chroot}, whose files cannot be made read-only`,
      memoryBytes: `${chroot}, without a control group to limit its memory`,
      pids: `${chroot}, without a control group to count its processes`,
      ...(isInstalled("setpriv") ? {} : {
        noNewPrivileges: "the command setpriv of util-linux is not there",
      }),
    };
  }

  async build(options: BuildOptions): Promise<void> {
    const { alias, tag, ...unnamed } = options;
    const { signal } = options;
    const names = [alias, tag].filter((name) => name !== undefined);
    await this.clearing(options, async (mark, steps) => {
      const { onLine } = steps;
      const args = budArgs(unnamed, mark, this.version);
      const build = async () => {
        await using scratch = await makeScratch();
        await run("buildah", args, { env: scratch.env, signal, onLine });
        // Named here: buildah itself does so without regard to others.
        if (names.length === 0) return;
        const { built } = steps;
        if (built === undefined) throw new Error("buildah printed no image ID");
        await this.naming(() => run("buildah", ["tag", built, ...names]));
      };
      // Somebody else may remove an image that it is looking at.
      await retried(build, { tries: 3, when: RACED });
    });
  }

  /**
   * Gives or takes names. Two buildahs that do so to the same image each write
   * back what they have read before, so that names get lost or come back.
   */
  protected override naming<T>(work: () => Promise<T>): Promise<T> {
    return locked(dirname(this.working), work);
  }

  protected async untagged(): Promise<string[]> {
    // Not by the filter for dangling ones: it leaves out what others build upon.
    return (await list(imageList, "images", "--no-trunc", "--all"))
      .filter(({ names }) => names.length === 0).map(({ id }) => id);
  }

  protected containers(): Promise<{ id: string; name: string }[]> {
    return list(containerList, "containers", "--all");
  }

  async inspect(image: string): Promise<ImageInfo | undefined> {
    const args = ["inspect", "--type", "image", image];
    const accepts = /image not known|no such image|locating image/i;
    const { code, stdout } = await attemptDocker("buildah", args, { accepts });
    return code === 0 ? buildahImageInfo(stdout) : undefined;
  }

  export(image: string, signal?: AbortSignal): ReadableStream<Uint8Array> {
    const args = ["push", "--quiet", image, "docker-archive:/dev/stdout"];
    const explain = (error: CommandFailed) => explainExport(image, error);
    return ReadableStream.from(read());

    async function* read() {
      await using scratch = await makeScratch();
      yield* byteStream("buildah", args, { env: scratch.env, signal, explain });
    }
  }

  async run(options: RunOptions): Promise<Container> {
    const info = await this.inspect(options.image);
    if (info === undefined) throw explainStart(options.image, "no such image");
    return await runService(options, info.config);
  }

  override remove(image: string): Promise<void> {
    // Its store may change under it; perhaps the image goes, too.
    return retried(async () => {
      if (await this.inspect(image) === undefined) return;
      await this.naming(() => super.remove(image));
    }, { tries: 3 });
  }

  async list(): Promise<string[]> {
    return (await list(imageList, "images")).flatMap(({ names }) => names);
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
  { tries = 10, pauseMs = 50, when = /^/ } = {},
): Promise<T> {
  for (let left = tries - 1;; left--) {
    try {
      return await work();
    } catch (error) {
      const passing = error instanceof CommandFailed &&
        when.test(error.output);
      if (left === 0 || !passing) throw error;
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

/** Runs a service; nothing is left behind when that fails or is aborted. */
async function runService(
  options: RunOptions,
  config: ImageConfig,
): Promise<Container> {
  options.signal?.throwIfAborted();
  const name = containerName();
  const scratch = await makeScratch();
  try {
    // Without the signal: it is short, and half a container has no name yet.
    const files = mostFiles(await Deno.readTextFile("/proc/self/limits"));
    await run("buildah", fromArgs(options.image, name, files));
    options.signal?.throwIfAborted();
    const port = options.port === undefined ? undefined : freePort();
    const args = runArgs(options, name, config, port);
    // buildah has no switch for it in a chroot; it passes on to all that descends.
    const [command, ...rest] = options.noNewPrivileges
      ? ["setpriv", "--no-new-privs", "buildah", ...args]
      : ["buildah", ...args];
    const startedAt = performance.now();
    const child = start(command, rest, { env: scratch.env });
    const service = new Service(name, child, scratch, startedAt, options, port);
    if (await service.started(options.signal)) return service;
    const { output, code } = await child.ended;
    const failure = code === 0 ? undefined : startFailure(output);
    if (failure !== undefined) throw explainStart(options.image, failure);
    return service; // A short command has done its work.
  } catch (error) {
    await attempt("buildah", ["rm", name]);
    await scratch[Symbol.asyncDispose]();
    throw error instanceof CommandFailed
      ? explainStart(options.image, error.output, error)
      : error;
  }
}

class Service implements Container {
  readonly url?: string;
  readonly exited: Promise<number>;
  #ended = false;
  #removed?: Promise<void>;
  #seenAt?: number;

  constructor(
    readonly name: string,
    readonly child: Child,
    readonly scratch: Scratch,
    readonly startedAt: number,
    readonly options: RunOptions,
    readonly port?: number,
  ) {
    if (port !== undefined) this.url = `http://127.0.0.1:${port}`;
    this.exited = child.ended.then(({ code, output }) =>
      serviceExitCode(code, output)
    ).finally(() => this.#ended = true);
    this.exited.catch(() => {}); // Whoever awaits it sees it.
  }

  /** Waits for the service's process; `false` when it ended before it was seen. */
  async started(signal?: AbortSignal): Promise<boolean> {
    while (!this.#ended) {
      if (signal?.aborted) {
        await this.#end();
        signal.throwIfAborted();
      }
      if (this.#find() !== undefined) {
        this.#seenAt = performance.now();
        return true;
      }
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    return false;
  }

  #find(): number | undefined {
    if (this.#ended) return undefined;
    return serviceOf(processes(), this.child.pid);
  }

  processStartedAt(): Promise<number | undefined> {
    return Promise.resolve(this.#seenAt);
  }

  portWasTaken(): boolean {
    return this.#ended && this.port !== undefined && !isFree(this.port);
  }

  pid(): Promise<number | undefined> {
    return Promise.resolve(this.#find());
  }

  /** In a chroot of its own over the same files, as there is no other way in. */
  async exec(command: string[], options: { signal?: AbortSignal } = {}) {
    const args = runArgs(
      { ...this.options, entrypoint: command },
      this.name,
      { entrypoint: [], cmd: [] },
      this.port,
    );
    const { code, output } = await attempt("buildah", args, {
      ...options,
      env: this.scratch.env,
    });
    return {
      code: serviceExitCode(code, output),
      output: startFailure(output) ?? serviceLog(output),
    };
  }

  logs(): Promise<string> {
    return Promise.resolve(serviceLog(this.child.output()));
  }

  kill(signal: "SIGTERM" | "SIGKILL" | "SIGINT"): Promise<void> {
    const pid = this.#find();
    if (pid !== undefined) signalProcess(pid, signal);
    return Promise.resolve();
  }

  /** Without its service, buildah takes the mounts away; one that hangs is ended. */
  async #end(): Promise<void> {
    if (this.#find() === undefined) return await this.child.stop();
    // No process namespace ends with its first process here.
    const wrappers = descendants(processes(), this.child.pid)
      .filter(isWrapper).map(({ pid }) => pid);
    for (const pid of inRootBelow(this.scratch.path)) {
      if (!wrappers.includes(pid)) signalProcess(pid, "SIGKILL");
    }
    const timer = setTimeout(() => void this.child.stop(), 3000);
    await this.child.ended.catch(() => {});
    clearTimeout(timer);
  }

  /** A buildah that is killed leaves its service behind. */
  async #endOrphans(): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      const orphans = inRootBelow(this.scratch.path);
      if (orphans.length === 0) return;
      for (const pid of orphans) signalProcess(pid, "SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#removed ??= this.#remove();
  }

  async #remove(): Promise<void> {
    if (!this.#ended) await this.#end();
    await this.#endOrphans();
    const args = ["rm", this.name];
    const result = await attempt("buildah", args);
    await this.scratch[Symbol.asyncDispose]();
    if (result.code !== 0 && !/container not known/.test(result.output)) {
      throw new CommandFailed("buildah", args, result);
    }
  }
}

const OWN =
  /^(subprocess exited (with status \d+|on .+)|process exited with error: .*|Error: exit status \d+|Error: while running runtime: .*)$/;

/**
 * The service's output without what buildah adds when it ends. Lines that the
 * service wrote last, to the other stream, may be read after that.
 */
export function serviceLog(output: string): string {
  const own = output.split("\n").filter((line) => !OWN.test(line)).join("\n");
  return own.replace(/\n*$/, (end) => own.length > end.length ? "\n" : "");
}

/** The signals 1 to 15, as Go names them. */
const SIGNALS =
  "hangup,interrupt,quit,illegal instruction,trace/breakpoint trap,aborted,bus error,floating point exception,killed,user defined signal 1,segmentation fault,user defined signal 2,broken pipe,alarm clock,terminated"
    .split(",");

/** The exit code as other engines give it: 128 + n when signal n ended it. */
export function serviceExitCode(code: number, output: string): number {
  const signal = /^subprocess exited on ([^\n]+?)(?: \(core dumped\))?$/m
    .exec(output.slice(-2000))?.[1];
  const number = signal === "bad system call"
    ? 31
    : SIGNALS.indexOf(signal ?? "") + 1;
  return number === 0 ? code : 128 + number;
}

/**
 * What hindered a service from starting at all, by what a `buildah run` that failed
 * wrote: had it run, the last line would be `Error: exit status`.
 */
export function startFailure(output: string): string | undefined {
  return /process failed to start with error: (.*?)(?:process exited with error|\n|$)/
    .exec(output)?.[1] ??
    /(?:^|\n)Error: (?!exit status)([^\n]*)\n?$/.exec(output)?.[1];
}
