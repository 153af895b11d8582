/**
 * The command lines of buildah. Pure: options in, arguments out, tested as
 * exact arrays.
 *
 * Isolation is always `chroot`: it works in sandboxes where no OCI runtime can
 * make a container, and a figure that depends on what a machine allows could
 * not be compared.
 *
 * @module
 */
import type { ImageConfig } from "../image/model.ts";
import type { BuildOptions, RunOptions } from "./engine.ts";
import { HOST } from "../lib/platform.ts";

/** How each step and each service is run; see the module's note. */
const ISOLATION = ["--isolation", "chroot"];

/**
 * Arguments of `buildah bud`.
 *
 * @param mark Kept in the working containers, so that what a killed build
 * leaves can be told apart; chroot isolation makes no control group of it.
 * @param version As for {@linkcode pullArgs}.
 */
export function budArgs(
  options: Omit<BuildOptions, "tag" | "alias">,
  mark: string,
  version: string,
): string[] {
  const args = ["bud", ...ISOLATION];
  // OCI's config has no place for HEALTHCHECK.
  args.push("--format", "docker", "--layers", "--force-rm");
  args.push("--cgroup-parent", mark, ...retryArgs(version));
  args.push("--file", options.dockerfile);
  if (options.target !== undefined) args.push("--target", options.target);
  args.push(...platformArgs(options.platform));
  for (const [name, value] of Object.entries(options.buildArgs ?? {})) {
    args.push("--build-arg", `${name}=${value}`);
  }
  if (options.noCache) args.push("--no-cache");
  if (options.timestamp !== undefined) {
    args.push("--timestamp", String(options.timestamp));
  }
  // By default it asks the registry even for what is there.
  args.push("--pull=false");
  args.push(options.context);
  return args;
}

/**
 * Arguments of `buildah pull`. It tries four times where no registry can be
 * reached, which is six seconds of nothing; once more is enough.
 *
 * @param version buildah's, as `1.28.2`; older ones cannot be told.
 * @param platform As `linux/arm64`.
 */
export function pullArgs(
  image: string,
  version: string,
  platform?: string,
): string[] {
  const args = ["pull", "--quiet", ...retryArgs(version)];
  if (platform !== undefined) args.push("--platform", platform);
  return [...args, image];
}

function retryArgs(version: string): string[] {
  const [major, minor] = version.split(".").map(Number);
  return major > 1 || major === 1 && minor >= 28 ? ["--retry", "1"] : [];
}

/**
 * Arguments of `buildah from`, which lays out the files of a container.
 *
 * @param image Which image; it must be there.
 * @param files How many files each of its processes may open; buildah's own
 * limit is 1024, at which Deno ends.
 */
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

/**
 * The most files that a process may open here.
 *
 * @param limits Text of `/proc/self/limits`.
 */
export function mostFiles(limits: string): number {
  const [, hard] = /^Max open files +\S+ +(\d+|unlimited)/m.exec(limits) ?? [];
  // What Linux takes for unlimited, unless it is told otherwise.
  return hard === "unlimited" ? 1_048_576 : Number(hard ?? 1024);
}

/**
 * Arguments of `buildah run`, which ignores the image's entrypoint and command.
 *
 * @param config The image's configuration.
 * @param port The port it shall listen on, as it shares the host's network.
 */
export function runArgs(
  options: RunOptions,
  name: string,
  config: Pick<ImageConfig, "entrypoint" | "cmd">,
  port?: number,
): string[] {
  const args = ["run", ...ISOLATION];
  if (port !== undefined) args.push("--env", `PORT=${port}`);
  for (const [key, value] of Object.entries(options.env ?? {})) {
    args.push("--env", `${key}=${value}`);
  }
  for (const path of options.writable ?? []) {
    args.push("--mount", `type=tmpfs,destination=${path}`);
  }
  if (options.dropCapabilities) args.push("--cap-drop", "ALL");
  if (options.user !== undefined) args.push("--user", options.user);
  const command = options.entrypoint ??
    [...config.entrypoint, ...(options.args ?? config.cmd)];
  return [...args, name, "--", ...command];
}

/**
 * Arguments of a build for a platform. Versions that Debian ships (buildah 1.28,
 * podman 4.3) leave `BUILDPLATFORM` empty, by which `FROM --platform` names this
 * machine; given as an argument it is what BuildKit makes it.
 *
 * @param platform As `linux/arm64`; nothing is added when absent.
 */
export function platformArgs(platform: string | undefined): string[] {
  return platform === undefined ? [] : [
    ...["--platform", platform],
    ...["--build-arg", `BUILDPLATFORM=linux/${HOST}`],
  ];
}
