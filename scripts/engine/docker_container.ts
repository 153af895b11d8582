/**
 * A container of docker or podman: created, then started, so that the time of
 * its start is not the time of laying out its files.
 *
 * @module
 */
import { EXIT, UserError } from "../errors.ts";
import type { Container, RunOptions } from "../model.ts";
import { attempt, CommandFailed, run } from "./command.ts";
import { createArgs } from "./docker_args.ts";
import { explainDisk } from "./explain.ts";
import { freePort } from "./free_port.ts";
import { containerName, owner } from "./owner.ts";

const PORT_TAKEN = /port is already allocated|address already in use/i;

/**
 * Runs a container.
 *
 * @param command The engine's command.
 * @param options What to run and how.
 * @throws {UserError} when the engine cannot start it; nothing is left behind.
 * @throws The signal's reason when it was aborted; nothing is left behind.
 */
export async function runContainer(
  command: string,
  options: RunOptions,
): Promise<Container> {
  for (let tries = 1;; tries++) {
    try {
      return await startOnce(command, options);
    } catch (error) {
      const taken = error instanceof CommandFailed &&
        PORT_TAKEN.test(error.output);
      if (taken && tries < 5) continue;
      throw error instanceof CommandFailed
        ? explainStart(options, error)
        : error;
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
  try {
    // Without the signal: a client that is killed leaves its daemon at work,
    // and the container would appear after it was removed.
    await run(command, createArgs(options, { name, owner: owner(), hostPort }));
    options.signal?.throwIfAborted();
    const startedAt = performance.now();
    await run(command, ["start", name]);
    options.signal?.throwIfAborted();
    const url = hostPort && `http://127.0.0.1:${hostPort}`;
    return new DockerContainer(command, name, startedAt, url || undefined);
  } catch (error) {
    await attempt(command, ["rm", "--force", "--volumes", name]);
    throw error;
  }
}

function explainStart(options: RunOptions, error: CommandFailed): UserError {
  const message = `Cannot start a container of "${options.image}"`;
  // Its last words repeat the container's name, which means nothing to anybody.
  const output = error.output
    .replace(/^Error response from daemon: /, "")
    .replace(/^Error: failed to start containers: .*$/m, "").trim();
  return explainDisk(message, output, error) ?? new UserError(message, {
    next: /no such image|image not known/i.test(output)
      ? "Build or pull the image first"
      : "See the engine's message above; the image's entrypoint, its loader and its user must exist",
    exitCode: EXIT.checkFailed,
    output,
    cause: error,
  });
}

class DockerContainer implements Container {
  readonly url?: string;
  readonly startedAt: number;
  readonly #command: string;
  readonly #name: string;
  #exited?: Promise<number>;

  constructor(command: string, name: string, startedAt: number, url?: string) {
    this.#command = command;
    this.#name = name;
    this.startedAt = startedAt;
    this.url = url;
  }

  /** Waiting takes a process of its own: it starts when somebody asks. */
  get exited(): Promise<number> {
    if (this.#exited === undefined) {
      this.#exited = run(this.#command, ["wait", this.#name])
        .then((code) => Number(code.trim()));
      this.#exited.catch(() => {}); // Whoever awaits it sees it.
    }
    return this.#exited;
  }

  async pid(): Promise<number | undefined> {
    const format = "{{.State.Pid}} {{.Id}}";
    const printed = await run(this.#command, [
      "inspect",
      "--format",
      format,
      this.#name,
    ]);
    const [pid, id] = printed.trim().split(" ");
    if (Number(pid) <= 0) return undefined;
    try {
      // In a virtual machine or on another host the number means nothing here.
      const groups = await Deno.readTextFile(`/proc/${pid}/cgroup`);
      return groups.includes(id) ? Number(pid) : undefined;
    } catch {
      return undefined;
    }
  }

  async logs(): Promise<string> {
    return (await attempt(this.#command, ["logs", this.#name])).output;
  }

  async kill(signal: "SIGTERM" | "SIGKILL" | "SIGINT"): Promise<void> {
    const args = ["kill", "--signal", signal, this.#name];
    const { code, output } = await attempt(this.#command, args);
    const ended = /is not running|no such container|can only kill running/i
      .test(output);
    if (code !== 0 && !ended) {
      throw new CommandFailed(this.#command, args, code, output);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const args = ["rm", "--force", "--volumes", this.#name];
    const { code, output } = await attempt(this.#command, args);
    if (code !== 0 && !/no such container/i.test(output)) {
      throw new CommandFailed(this.#command, args, code, output);
    }
    await this.#exited?.catch(() => {});
  }
}
