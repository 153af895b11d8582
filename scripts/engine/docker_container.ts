/**
 * A container of docker or podman: created, then started, so that the time of
 * its start is not the time of laying out its files.
 *
 * @module
 */
import { attempt, CommandFailed } from "../lib/command.ts";
import { EngineGone, EXIT, UserError } from "../lib/errors.ts";
import { containerName, owner } from "../lib/owner.ts";
import { createArgs } from "./command_lines.ts";
import { attemptDocker, runDocker } from "./docker_daemon.ts";
import type { Container, RunOptions } from "./engine.ts";
import { explainStart } from "./explain.ts";
import { freePort } from "./free_port.ts";
import { isInGroup, killGroup } from "./processes.ts";

const NO_SUCH = /no such (container|object)/i;
/** Somebody else removes it. */
const IN_PROGRESS = /removal of container .* is already in progress/i;
const PORT_TAKEN = /port is already allocated|address already in use/i;
/** Characters of standard output that a log shows. */
const LOG_SHOWN = 128 * 1024;
/** Milliseconds by which the time of day may be slewed while a container starts. */
const CLOCK_MS = 5;

/** Runs a container; nothing is left behind when that fails or is aborted. */
export async function runContainer(
  command: string,
  options: RunOptions,
): Promise<Container> {
  for (let tries = 1;; tries++) {
    try {
      return await startOnce(command, options);
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      if (PORT_TAKEN.test(error.output) && tries < 5) continue;
      throw explainStart(options.image, error.output, error);
    }
  }
}

async function startOnce(
  command: string,
  options: RunOptions,
): Promise<Container> {
  options.signal?.throwIfAborted();
  const name = containerName();
  const hostPort = options.port === undefined ? undefined : freePort();
  let id: string | undefined;
  try {
    // Without the signal: a client that is killed leaves its daemon at work,
    // and the container would appear after it was removed.
    // podman knows no owner of a tmpfs.
    const user = options.writable === undefined || command !== "docker"
      ? undefined
      : options.user ?? await imageUser(command, options.image);
    const args = createArgs(options, { name, owner: owner(), hostPort, user });
    id = (await runDocker(command, args)).trim();
    options.signal?.throwIfAborted();
    const startedAt = performance.now();
    await runDocker(command, ["start", name]);
    options.signal?.throwIfAborted();
    const url = hostPort ? `http://127.0.0.1:${hostPort}` : undefined;
    return new DockerContainer(command, name, id, startedAt, url);
  } catch (error) {
    await attempt(command, ["rm", "--force", "--volumes", name]);
    // It may have come up while the daemon was killed.
    if (id && error instanceof EngineGone) killGroup(id);
    throw error;
  }
}

/** The user that an image runs as; nothing if it has no such image. */
async function imageUser(command: string, image: string): Promise<string> {
  const format = ["--format", "{{.Config.User}}"];
  const args = ["image", "inspect", ...format, image];
  const { code, stdout } = await attempt(command, args);
  return code === 0 ? stdout.trim() : "";
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
  async #ask(args: string[], accepted: RegExp) {
    const result = await attemptDocker(this.command, args);
    if (result.code !== 0 && !accepted.test(result.output)) {
      throw new CommandFailed(this.command, args, result);
    }
    return result;
  }

  async processStartedAt(): Promise<number | undefined> {
    // The clock of a virtual machine is not this one's.
    if (await this.pid() === undefined) return undefined;
    const format = "{{json .State.StartedAt}}";
    const args = ["inspect", "--format", format, this.name];
    const at = Date.parse(JSON.parse(await runDocker(this.command, args)));
    const clock = timeOfDay();
    // Else the clock was set since the container was started.
    return Math.abs(clock - this.#clock) < CLOCK_MS ? at - clock : undefined;
  }

  /** Asking takes a process of its own: what is known is only looked at. */
  async pid(): Promise<number | undefined> {
    if (this.#pid !== undefined && isInGroup(this.#pid, this.id)) {
      return this.#pid;
    }
    const args = ["inspect", "--format", "{{.State.Pid}}", this.name];
    const pid = Number((await this.#ask(args, NO_SUCH)).stdout);
    // In a virtual machine or on another host the number means nothing here.
    this.#pid = pid > 0 && isInGroup(pid, this.id) ? pid : undefined;
    return this.#pid;
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
        const result = await attemptDocker(this.command, args);
        if (result.code === 0 || NO_SUCH.test(result.output)) break;
        if (!IN_PROGRESS.test(result.output) || tries === 50) {
          throw new CommandFailed(this.command, args, result);
        }
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
