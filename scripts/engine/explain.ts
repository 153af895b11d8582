/**
 * Failures of the environment that every engine words differently: a registry
 * that does not answer or does not have the image, a disk that is full. Pure.
 *
 * @module
 */
import { EXIT, UserError } from "../lib/errors.ts";
import { CommandFailed } from "../lib/command.ts";
import type { DaemonRefused } from "./daemon_stream.ts";

/** buildah hides behind the last one that its `TMPDIR` is full. */
const DISK =
  /no space left on device|ENOSPC|disk quota exceeded|storing layer \S+ to file: io: read\/write on closed pipe/i;

/** The registry did not answer at all. */
const UNREACHABLE =
  /no such host|i\/o timeout|connection refused|connection reset|network is unreachable|no route to host|\bEOF\b|TLS handshake|context deadline exceeded|Client\.Timeout|server misbehaving|x509:|proxyconnect|Temporary failure in name resolution|error (Get|Head) /i;

/** buildah and podman ask no registry that is not named. */
const SHORT = /short-name "?([^\s"]+)"? did not resolve/i;

/** It answered that there is no such image, or not for us. */
const UNKNOWN =
  /pull access denied|repository does not exist|manifest unknown|manifest for .* not found|not found|name unknown|unauthorized|authentication required|denied|failed to resolve|no matching manifest|no image found in (manifest list|image index)|image not known|no such image/i;

/**
 * The error for what this machine did to a command: it was killed, or found the
 * disk full.
 *
 * @param message What could not be done.
 * @param output What the engine wrote about it.
 * @param cause The failure of the command.
 * @returns `undefined` when it was neither.
 */
export function explainMachine(
  message: string,
  output: string,
  cause?: unknown,
): UserError | undefined {
  if (cause instanceof CommandFailed && cause.killedBy) {
    return new UserError(`${message}: ${cause.message}`, {
      next: cause.next,
      exitCode: EXIT.environment,
      output,
    });
  }
  if (!DISK.test(output)) return undefined;
  return new UserError(`${message}: the disk is full`, {
    next:
      "Free disk space where the engine keeps its images and in TMPDIR (df -h shows the disks), and run again",
    exitCode: EXIT.environment,
    output,
    cause,
  });
}

/**
 * The error for a base image that cannot be had.
 *
 * @param message What could not be done.
 * @param output What the engine wrote about it.
 * @param cause The failure of the command.
 * @returns `undefined` when the output does not speak of a registry.
 */
export function explainRegistry(
  message: string,
  output: string,
  cause?: unknown,
): UserError | undefined {
  const next =
    "Take the base images from packages (--bases packages), or name a mirror's image with the Dockerfile's build arguments";
  const options = { next, exitCode: EXIT.environment, output, cause };
  if (UNREACHABLE.test(output)) {
    return new UserError(`${message}: the registry cannot be reached`, options);
  }
  const [, short] = SHORT.exec(output) ?? [];
  if (short !== undefined) {
    return new UserError(`${message}: no registry is set for "${short}"`, {
      ...options,
      next: `${next}, or set unqualified-search-registries in registries.conf`,
    });
  }
  if (UNKNOWN.test(output)) {
    return new UserError(
      `${message}: the registry does not have the image, or refuses it`,
      options,
    );
  }
  return undefined;
}

/** The error for a pull that failed; anything but a failed command as it is. */
export function explainPull(image: string, error: unknown): unknown {
  if (!(error instanceof CommandFailed)) return error;
  const message = `Cannot pull "${image}"`;
  const output = error.output.trim();
  return explainMachine(message, output, error) ??
    explainRegistry(message, output, error) ??
    new UserError(message, {
      next: "See the engine's message above",
      exitCode: EXIT.environment,
      output,
      cause: error,
    });
}

/** The error for an export that failed. */
export function explainExport(
  image: string,
  error: CommandFailed | DaemonRefused,
): UserError {
  const message = `Cannot export "${image}"`;
  const output = error.output.trim();
  return explainMachine(message, output, error) ?? new UserError(message, {
    next: "Check that the image exists; give its name as the engine lists it",
    exitCode: EXIT.environment,
    output,
    cause: error,
  });
}

/**
 * The error for a container that an engine cannot start.
 *
 * @param said What the engine wrote about it.
 */
export function explainStart(
  image: string,
  said: string,
  cause?: unknown,
): UserError {
  // Names of working images mean nothing to anybody.
  const name = image.replace(/^localhost\/deno-small-image-[^:]+:/, "");
  const message = `Cannot start a container of "${name}"`;
  // Its last words repeat the container's name.
  const output = said.replace(/^Error response from daemon: /, "")
    .replace(/^Error: failed to start containers: .*$/m, "").trim();
  const [, program] =
    /(?:exec: "|fork\/exec |stat |lstat )([^\s":]+)"?:.*(?:no such file|not found)/i
      .exec(output) ?? [];
  const unknown = /no such image|image not known/i.test(output);
  return explainMachine(message, output, cause) ??
    new UserError(
      program === undefined || unknown
        ? message
        : `${message}: it cannot execute ${program}`,
      {
        next: unknown
          ? "Build or pull the image first"
          : program === undefined
          ? "The image's entrypoint, its loader and its user must exist"
          : "Correct ENTRYPOINT or CMD in the Dockerfile, or copy the program into the last stage, with the loader that it names",
        exitCode: EXIT.checkFailed,
        output,
        cause,
      },
    );
}
