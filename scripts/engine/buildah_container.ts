/**
 * A service under `buildah run`: a process of this host in another root, which
 * shares the host's network and ends with its wrappers.
 *
 * @module
 */
import type { ImageConfig } from "../image/model.ts";
import {
  attempt,
  type Child,
  CommandFailed,
  run,
  start,
} from "../lib/command.ts";
import { containerName } from "../lib/owner.ts";
import { makeScratch, removeScratch } from "../lib/scratch_folder.ts";
import { fromArgs, mostFiles, runArgs } from "./command_lines.ts";
import type { Container, RunOptions } from "./engine.ts";
import { explainStart } from "./explain.ts";
import { freePort, isFree } from "./free_port.ts";
import {
  descendants,
  inRootBelow,
  inSameRoot,
  isWrapper,
  processes,
  serviceOf,
  signalProcess,
} from "./processes.ts";

/** Runs a service; nothing is left behind when that fails or is aborted. */
export async function runService(
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
    const child = start(command, rest, { env: { TMPDIR: scratch } });
    const service = new Service(name, child, scratch, startedAt, options, port);
    if (await service.started(options.signal)) return service;
    const { output, code } = await child.ended;
    const failure = code === 0 ? undefined : startFailure(output);
    if (failure !== undefined) throw explainStart(options.image, failure);
    return service; // A short command has done its work.
  } catch (error) {
    await attempt("buildah", ["rm", name]);
    await removeScratch(scratch);
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
    readonly scratch: string,
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
    return serviceOf(processes(), this.child.pid);
  }

  processStartedAt(): Promise<number | undefined> {
    return Promise.resolve(this.#seenAt);
  }

  portWasTaken(): boolean {
    return this.#ended && this.port !== undefined && !isFree(this.port);
  }

  pid(): Promise<number | undefined> {
    return Promise.resolve(this.#ended ? undefined : this.#find());
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
      env: { TMPDIR: this.scratch },
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
    const pid = this.#ended ? undefined : this.#find();
    if (pid !== undefined) signalProcess(pid, signal);
    return Promise.resolve();
  }

  /** Without its service, buildah takes the mounts away; one that hangs is ended. */
  async #end(): Promise<void> {
    const all = processes();
    const service = serviceOf(all, this.child.pid);
    if (service === undefined) {
      if (!this.#ended) await this.child.stop();
      return;
    }
    // No process namespace ends with its first process here.
    const wrappers = descendants(all, this.child.pid)
      .filter(isWrapper).map(({ pid }) => pid);
    for (const pid of inSameRoot(service)) {
      if (!wrappers.includes(pid)) signalProcess(pid, "SIGKILL");
    }
    signalProcess(service, "SIGKILL");
    const timer = setTimeout(() => void this.child.stop(), 3000);
    await this.child.ended.catch(() => {});
    clearTimeout(timer);
  }

  /** A buildah that is killed leaves its service behind. */
  async #endOrphans(): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      const orphans = inRootBelow(this.scratch);
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
    await removeScratch(this.scratch);
    if (result.code !== 0 && !/container not known/.test(result.output)) {
      throw new CommandFailed("buildah", args, result);
    }
  }
}

const OWN =
  /^(subprocess exited (with status \d+|on .+)|process exited with error: .*|Error: exit status \d+|Error: while running runtime: .*)$/;

/** The service's output without what buildah adds at its end. */
export function serviceLog(output: string): string {
  const all = output.split("\n");
  let end = all.length;
  while (end > 0 && (all[end - 1] === "" || OWN.test(all[end - 1]))) end--;
  return end === 0 ? "" : all.slice(0, end).join("\n") + "\n";
}

const SIGNALS: Record<string, number> = {
  "hangup": 1,
  "interrupt": 2,
  "quit": 3,
  "illegal instruction": 4,
  "trace/breakpoint trap": 5,
  "aborted": 6,
  "bus error": 7,
  "floating point exception": 8,
  "killed": 9,
  "user defined signal 1": 10,
  "segmentation fault": 11,
  "user defined signal 2": 12,
  "broken pipe": 13,
  "alarm clock": 14,
  "terminated": 15,
  "bad system call": 31,
};

/** The exit code as other engines give it: 128 + n when signal n ended it. */
export function serviceExitCode(code: number, output: string): number {
  const signal = /^subprocess exited on ([^\n]+?)(?: \(core dumped\))?$/m
    .exec(output.slice(-2000))?.[1];
  const number = signal === undefined ? undefined : SIGNALS[signal];
  return number === undefined ? code : 128 + number;
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
