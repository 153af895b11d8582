/**
 * The command lines of docker and podman, which share them but for a few
 * words. Pure: options in, arguments out, tested as exact arrays.
 *
 * @module
 */
import type { BuildOptions, RunOptions } from "./engine.ts";
import { OWNER_LABEL } from "../lib/owner.ts";
import { platformArgs } from "./buildah_args.ts";

/** Which builder the command drives. */
export type Builder = "buildkit" | "legacy" | "podman";

/**
 * Arguments of `build`.
 *
 * @param options What to build; `tag` may differ from what the caller gave.
 * @param builder BuildKit streams lines only when told; the other two remove
 * the container of a failed step only when told.
 * @param mark Kept in podman's working containers, as a secret that no step
 * asks for, so that what a killed build leaves can be told apart.
 */
export function buildArgs(
  options: BuildOptions,
  builder: Builder,
  mark: string,
): string[] {
  const dated = options.timestamp !== undefined && builder !== "podman";
  // `docker build` keeps to docker's own builder, which does not date files.
  const args = dated ? ["buildx", "build"] : ["build"];
  args.push("--file", options.dockerfile);
  if (builder === "buildkit") args.push("--progress", "plain");
  else args.push("--force-rm");
  // Steps that did not change are taken from earlier builds; podman: only so.
  if (builder === "podman") {
    args.push("--layers", "--format", "docker");
    args.push("--secret", `id=${mark},src=/dev/null`);
  }
  if (options.alias !== undefined) args.push("--tag", options.alias);
  if (options.tag !== undefined) args.push("--tag", options.tag);
  if (options.target !== undefined) args.push("--target", options.target);
  if (builder === "podman") args.push(...platformArgs(options.platform));
  else if (options.platform) args.push("--platform", options.platform);
  for (const [name, value] of Object.entries(options.buildArgs ?? {})) {
    args.push("--build-arg", `${name}=${value}`);
  }
  if (options.noCache) args.push("--no-cache");
  if (options.timestamp !== undefined) {
    args.push(...timestampArgs(options.timestamp, builder));
  }
  args.push(options.context);
  return args;
}

/** The clock of BuildKit is a build argument; of files, an option of its exporter. */
function timestampArgs(timestamp: number, builder: Builder): string[] {
  if (builder === "podman") return ["--timestamp", String(timestamp)];
  return [
    ...["--build-arg", `SOURCE_DATE_EPOCH=${timestamp}`],
    ...["--output", "type=docker,rewrite-timestamp=true"],
  ];
}

/** What `create` needs beside what the caller wants. */
interface CreateOptions {
  name: string;
  owner: string;
  /** Port of the host that leads to `port` inside. */
  hostPort?: number;
  /** Who owns what is mounted; a name is left to the engine. */
  user?: string;
}

/**
 * Arguments of `create`. Nothing is pulled: what runs was built or pulled before.
 *
 * @param create The container's name, owner and published port.
 */
export function createArgs(
  options: RunOptions,
  create: CreateOptions,
): string[] {
  const args = ["create", "--pull", "never", "--name", create.name];
  // A probe every few seconds would be part of whatever is measured.
  args.push("--no-healthcheck");
  // podman's `rm --force` would ask it to stop and wait; docker's kills at once.
  args.push("--stop-timeout", "0");
  args.push("--label", `${OWNER_LABEL}=${create.owner}`);
  if (options.port !== undefined) {
    args.push("--publish", `127.0.0.1:${create.hostPort}:${options.port}`);
    args.push("--env", `PORT=${options.port}`);
  }
  for (const [name, value] of Object.entries(options.env ?? {})) {
    args.push("--env", `${name}=${value}`);
  }
  // runc gives a mount the mode of the folder below it: who writes has to own it.
  const [uid, gid = uid] = /^\d+(?::\d+)?$/.exec(create.user ?? "")?.[0]
    .split(":") ?? [];
  const owned = uid === undefined ? "" : `:uid=${uid},gid=${gid}`;
  for (const path of options.writable ?? []) {
    args.push("--tmpfs", `${path}${owned}`);
  }
  if (options.readOnly) args.push("--read-only");
  if (options.dropCapabilities) args.push("--cap-drop", "ALL");
  if (options.noNewPrivileges) {
    args.push("--security-opt", "no-new-privileges");
  }
  if (options.memoryBytes !== undefined) {
    // The same limit for both: no swap, or the limit is none.
    const limit = String(options.memoryBytes);
    args.push("--memory", limit, "--memory-swap", limit);
  }
  if (options.pids !== undefined) {
    args.push("--pids-limit", String(options.pids));
  }
  if (options.user !== undefined) args.push("--user", options.user);
  if (options.entrypoint === undefined) {
    args.push(options.image, ...(options.args ?? []));
  } else {
    const [program, ...words] = options.entrypoint;
    args.push("--entrypoint", program, options.image, ...words);
  }
  return args;
}
