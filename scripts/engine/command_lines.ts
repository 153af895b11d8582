/** The command lines of the engines. Pure: options in, arguments out. @module */
import type { ImageConfig } from "../image/model.ts";
import { OWNER_LABEL } from "../lib/owner.ts";
import { HOST } from "../lib/platform.ts";
import type { BuildOptions, RunOptions } from "./engine.ts";

export type Builder = "buildkit" | "legacy" | "podman";

/** Works in any sandbox; figures could not be compared if it depended on that. */
const ISOLATION = ["--isolation", "chroot"];

function option(flag: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [flag, String(value)];
}

function pairs(flag: string, values: Record<string, string> = {}): string[] {
  return Object.entries(values)
    .flatMap(([name, value]) => [flag, `${name}=${value}`]);
}

/** buildah 1.28 and podman 4.3 leave `BUILDPLATFORM` empty, which BuildKit sets. */
function platformArgs(platform: string | undefined): string[] {
  return platform === undefined ? [] : [
    ...["--platform", platform],
    ...["--build-arg", `BUILDPLATFORM=linux/${HOST}`],
  ];
}

/** @param mark Tells what a killed build leaves, which keeps it with its options. */
export function buildArgs(
  options: BuildOptions,
  builder: Builder | "buildah",
  mark: string,
): string[] {
  const { timestamp, platform } = options;
  // podman builds with buildah, but has other options.
  const isBuildah = builder === "podman" || builder === "buildah";
  return [
    // `docker build` keeps to docker's own builder, which does not date files.
    ...timestamp !== undefined && !isBuildah ? ["buildx", "build"] : ["build"],
    ...["--file", options.dockerfile],
    // BuildKit streams lines, the others remove a failed step's container when told.
    ...builder === "buildkit" ? ["--progress", "plain"] : ["--force-rm"],
    // Steps that did not change are taken from earlier builds only so, and OCI's
    // config has no place for HEALTHCHECK.
    ...isBuildah ? ["--layers", "--format", "docker"] : [],
    ...builder === "podman" ? ["--secret", `id=${mark},src=/dev/null`] : [],
    // In a chroot it makes no control group.
    ...builder === "buildah" ? ["--cgroup-parent", mark] : [],
    ...option("--tag", options.alias),
    ...option("--tag", options.tag),
    ...option("--target", options.target),
    ...isBuildah ? platformArgs(platform) : option("--platform", platform),
    ...pairs("--build-arg", options.buildArgs),
    ...options.noCache ? ["--no-cache"] : [],
    ...isBuildah ? option("--timestamp", timestamp) : timestampArgs(timestamp),
    options.context,
  ];
}

/** The clock of BuildKit is a build argument; of files, an option of its exporter. */
function timestampArgs(timestamp: number | undefined): string[] {
  return timestamp === undefined ? [] : [
    ...["--build-arg", `SOURCE_DATE_EPOCH=${timestamp}`],
    ...["--output", "type=docker,rewrite-timestamp=true"],
  ];
}

/** @param create `user` owns what is mounted, but a name is left to the engine. */
export function createArgs(
  options: RunOptions,
  create: { name: string; owner: string; hostPort?: number; user?: string },
): string[] {
  const { port, memoryBytes, entrypoint, image, args = [] } = options;
  // runc gives a mount the mode of the folder below it: who writes has to own it.
  const [uid, gid = uid] = /^\d+(?::\d+)?$/.exec(create.user ?? "")?.[0]
    .split(":") ?? [];
  const owned = uid === undefined ? "" : `:uid=${uid},gid=${gid}`;
  const [program, ...words] = entrypoint ?? [];
  return [
    ...["create", "--pull", "never", "--name", create.name],
    // A probe every few seconds would be part of whatever is measured.
    "--no-healthcheck",
    // podman's `rm --force` would ask it to stop and wait; docker's kills at once.
    ...["--stop-timeout", "0"],
    ...["--label", `${OWNER_LABEL}=${create.owner}`],
    ...port === undefined ? [] : [
      ...["--publish", `127.0.0.1:${create.hostPort}:${port}`],
      ...["--env", `PORT=${port}`],
    ],
    ...pairs("--env", options.env),
    ...(options.writable ?? []).flatMap((path) => ["--tmpfs", path + owned]),
    ...options.readOnly ? ["--read-only"] : [],
    ...options.dropCapabilities ? ["--cap-drop", "ALL"] : [],
    ...options.noNewPrivileges ? ["--security-opt", "no-new-privileges"] : [],
    ...option("--memory", memoryBytes),
    // The same limit for both: no swap, or the limit is none.
    ...option("--memory-swap", memoryBytes),
    ...option("--pids-limit", options.pids),
    ...option("--user", options.user),
    ...entrypoint === undefined
      ? [image, ...args]
      : ["--entrypoint", program, image, ...words],
  ];
}

/** @param version As for {@linkcode pullArgs}. */
export function budArgs(
  options: Omit<BuildOptions, "tag" | "alias">,
  mark: string,
  version: string,
): string[] {
  const args = buildArgs(options, "buildah", mark);
  // By default it asks the registry even for what is there.
  const own = [...ISOLATION, "--pull=false", ...retryArgs(version)];
  return ["bud", ...own, ...args.slice(1)];
}

/** @param buildah Its version, as `1.28.2`, if that is what pulls. */
export function pullArgs(
  image: string,
  platform?: string,
  buildah?: string,
): string[] {
  const retry = buildah === undefined ? [] : retryArgs(buildah);
  return [
    "pull",
    "--quiet",
    ...retry,
    ...option("--platform", platform),
    image,
  ];
}

/** Four tries are six seconds of nothing; versions before 1.28 cannot be told. */
function retryArgs(version: string): string[] {
  const [major, minor] = version.split(".").map(Number);
  return major > 1 || major === 1 && minor >= 28 ? ["--retry", "1"] : [];
}

/** @param files How many may be open: at buildah's own limit, 1024, Deno ends. */
export function fromArgs(image: string, name: string, files: number): string[] {
  return [
    "from",
    "--pull-never",
    // Proxies of this machine are not the service's, as with docker.
    "--http-proxy=false",
    ...["--ulimit", `nofile=${files}:${files}`],
    ...["--name", name],
    image,
  ];
}

/** The most files that a process may open, by the text of `/proc/self/limits`. */
export function mostFiles(limits: string): number {
  const [, hard] = /^Max open files +\S+ +(\d+|unlimited)/m.exec(limits) ?? [];
  // What Linux takes for unlimited, unless it is told otherwise.
  return hard === "unlimited" ? 1_048_576 : Number(hard ?? 1024);
}

/** `buildah run`, which ignores the image's entrypoint and command. */
export function runArgs(
  options: RunOptions,
  name: string,
  config: Pick<ImageConfig, "entrypoint" | "cmd">,
  port?: number,
): string[] {
  return [
    "run",
    ...ISOLATION,
    ...port === undefined ? [] : ["--env", `PORT=${port}`],
    ...pairs("--env", options.env),
    ...(options.writable ?? [])
      .flatMap((path) => ["--mount", `type=tmpfs,destination=${path}`]),
    ...options.dropCapabilities ? ["--cap-drop", "ALL"] : [],
    ...option("--user", options.user),
    ...[name, "--"],
    ...options.entrypoint ??
      [...config.entrypoint, ...options.args ?? config.cmd],
  ];
}
