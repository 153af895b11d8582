/**
 * What an engine's failure says, for the person who has to correct it: a registry
 * that does not answer, a disk that is full, or the failing step's own output out
 * of everything that a builder wrote. Pure: text in, error out.
 *
 * @module
 */
import { CommandFailed } from "../lib/command.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { suggest } from "../lib/suggest.ts";
import type { DaemonRefused } from "./docker_daemon.ts";

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

/** What an engine wrote, about what could not be done, and the error behind it. */
interface Failure {
  message: string;
  output: string;
  cause?: unknown;
}

/** The error for a command that was killed, or that found the disk full. */
export function explainMachine(
  { message, output, cause }: Failure,
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

/** The error for a base image that cannot be had. */
function explainRegistry(
  { message, output, cause }: Failure,
): UserError | undefined {
  const [, short] = SHORT.exec(output) ?? [];
  const isSilent = UNREACHABLE.test(output);
  const why = isSilent
    ? "the registry cannot be reached"
    : short !== undefined
    ? `no registry is set for "${short}"`
    : UNKNOWN.test(output)
    ? "the registry does not have the image, or refuses it"
    : undefined;
  if (why === undefined) return undefined;
  const next =
    "Take the base images from packages (--bases packages), or name a mirror's image with the Dockerfile's build arguments";
  return new UserError(`${message}: ${why}`, {
    next: isSilent || short === undefined
      ? next
      : `${next}, or set unqualified-search-registries in registries.conf`,
    exitCode: EXIT.environment,
    output,
    cause,
  });
}

/** The error for a pull that failed; anything but a failed command as it is. */
export function explainPull(image: string, error: unknown): unknown {
  if (!(error instanceof CommandFailed)) return error;
  const message = `Cannot pull "${image}"`;
  const output = error.output.trim();
  const failure = { message, output, cause: error };
  return explainMachine(failure) ?? explainRegistry(failure) ??
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
  return explainMachine({ message, output, cause: error }) ??
    new UserError(message, {
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
  return explainMachine({ message, output, cause }) ??
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

/** Lines of a failing step that are shown; the end is what matters. */
const SHOWN = 40;
/** Longest line shown; buildah can write 2000 characters about one full disk. */
const LONGEST = 400;

/**
 * The last 40 lines of the step that failed.
 *
 * @param output Everything the builder wrote: BuildKit's plain progress, the
 * legacy builder's or buildah's.
 */
export function failingStep(output: string): string {
  const all = output.split("\n").map((line) => line.trimEnd()).filter((line) =>
    line !== "" && !NOISE.some((noise) => noise.test(line))
  );
  return (buildKitStep(all) ?? stepSince(all)).slice(-SHOWN).map(shorten)
    .join("\n");
}

/** Both ends of a line: what it is about, and why it failed. */
function shorten(line: string): string {
  return line.length <= LONGEST
    ? line
    : `${line.slice(0, LONGEST / 2)} … ${line.slice(-LONGEST / 2)}`;
}

/** Lines that builders add and that explain nothing. */
const NOISE = [
  // buildah
  /^subprocess exited (with status \d+|on \w+)$/,
  // BuildKit
  /^#\d+ (sha256:[0-9a-f]{64}|CACHED|DONE [\d.]+s)$/,
  // The legacy builder
  /^Sending build context to Docker daemon/,
  /^DEPRECATED: The legacy builder|^ +BuildKit is currently disabled|^ +environment-variable/,
  /^ ---> Running in [0-9a-f]+$|^Removing intermediate container/,
];

/** BuildKit prefixes each line with its step's number: `#5 0.218 problem`. */
function buildKitStep(all: string[]): string[] | undefined {
  let failed: string | undefined;
  let last: string | undefined;
  for (const line of all) {
    failed = /^(#\d+) ERROR: /.exec(line)?.[1] ?? failed;
    last = /^#\d+ /.test(line) ? undefined : line;
  }
  if (failed === undefined) return undefined;
  const step = all.filter((line) => line.startsWith(`${failed} `))
    .map((line) => line.replace(/^#\d+ (\d+\.\d+ )?/, ""));
  // A step that a stage after it interrupts is announced again.
  const lines = step.filter((line, i) => i === 0 || line !== step[0]);
  if (last !== undefined && !/^-+$/.test(last)) lines.push(last);
  return lines;
}

/** The others run one step after the other and announce each. */
function stepSince(all: string[]): string[] {
  const from = all.findLastIndex((line) =>
    /^(\[\d+\/\d+\] )?STEP \d+\/\d+: |^Step \d+\/\d+ : /.test(line)
  );
  if (from !== -1) {
    const before = all[from - 1] ?? "";
    // Of two pipes, the one with the error may have been read first.
    return [
      ...all.slice(from),
      ...before.startsWith("Error: ") ? [before] : [],
    ];
  }
  const rest = all.filter((line) => !/^#\d+ /.test(line));
  return rest.length > 0 ? rest : all;
}

/** What the legacy builder says; of `$BUILDPLATFORM` it knows nothing. */
const NEEDS_BUILDKIT =
  /requires? BuildKit|BuildKit to be enabled|failed to parse platform : ""/i;

/**
 * The error for a build that failed.
 *
 * @param dockerfile How the Dockerfile is named to the user.
 * @param output As for {@linkcode failingStep}.
 */
export function explainBuild(
  dockerfile: string,
  output: string,
  cause?: unknown,
): UserError {
  const step = failingStep(output);
  const message = `Cannot build "${dockerfile}"`;
  const failure = { message, output: step, cause };
  return explainMachine(failure) ??
    explainInstruction(failure) ??
    explainRuntime(failure) ??
    explainModules(failure) ??
    explainSource(failure) ??
    (concernsBase(step) ? explainRegistry(failure) : undefined) ??
    new UserError(message, {
      next: NEEDS_BUILDKIT.test(step)
        ? "Install BuildKit for docker (on Debian and Ubuntu: apt-get install docker-buildx)"
        : /exec format error/i.test(step)
        ? "Build in a stage of this machine's architecture, FROM --platform=$BUILDPLATFORM, and copy from there"
        : "Correct the step shown above in the Dockerfile, or what it runs, and build again",
      exitCode: EXIT.checkFailed,
      output: step,
      cause,
    });
}

/** All that a Dockerfile may say. */
const INSTRUCTIONS =
  "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR"
    .split(" ");

/** The error for an instruction that does not exist. */
function explainInstruction(
  { message, output, cause }: Failure,
): UserError | undefined {
  const [, word] = /unknown instruction: "?(\w+)/i.exec(output) ?? [];
  if (word === undefined) return undefined;
  const meant = suggest(word.toUpperCase(), INSTRUCTIONS);
  return new UserError(`${message}: there is no instruction ${word}`, {
    next: meant === undefined
      ? "Correct it in the Dockerfile"
      : `Did you mean ${meant}?`,
    exitCode: EXIT.checkFailed,
    cause,
  });
}

/** The runtime, or an option, that `deno compile` needs cannot be had. */
export class RuntimeMissing extends UserError {
  override name = "RuntimeMissing";

  constructor(
    { message, output, cause }: Failure,
    /** Why, in one line. */
    readonly reason: string,
    next: string,
  ) {
    const options = { next, output, cause, exitCode: EXIT.environment };
    super(`${message}: ${reason}`, options);
  }
}

function explainRuntime(failure: Failure): RuntimeMissing | undefined {
  const { output } = failure;
  const [, option] = /unexpected argument '(--[\w-]+)'/.exec(output) ?? [];
  if (option !== undefined && /\bdeno compile\b/.test(output)) {
    return new RuntimeMissing(
      failure,
      `the builder's Deno does not know ${option}`,
      "Take a newer builder: --build-arg BUILDER_IMAGE=…",
    );
  }
  // Deno announces the download, and names this step when it fails.
  const url = /Download\S* (https?:\/\/\S+\/(denort\S*)\.zip)/.exec(output);
  if (url === null || !/Setting up base binary/.test(output)) return undefined;
  const other = url[2].includes("quickjs") ? "" : ", or take --bases packages";
  return new RuntimeMissing(
    failure,
    `${url[2]} cannot be downloaded`,
    `Let builds reach ${new URL(url[1]).host}${other}`,
  );
}

/** The error for a module that the build cannot download. */
function explainModules(
  { message, output, cause }: Failure,
): UserError | undefined {
  const [, name, url] =
    /JSR package manifest for '([^']+)' failed to load|Import '(https?:\/\/[^']+)' failed/
      .exec(output) ?? [];
  const module = name === undefined ? url : `jsr:${name}`;
  if (module === undefined) return undefined;
  return new UserError(`${message}: ${module} cannot be downloaded`, {
    next:
      'Let builds reach it; or, where it is in reach, set "vendor": true in deno.json and run deno install, then run init again, which copies vendor/',
    exitCode: EXIT.environment,
    output,
    cause,
  });
}

/** What BuildKit puts before lines, and into lines of their own. */
const TIME = /^\d+\.\d+( |$)/;
/** How builders say which command failed: with all of its text. */
const STEP_FAILED =
  /^(error: )?(failed to solve: )?(executor failed|building at STEP|process "\/|The command ')/i;
/** How Deno begins what is wrong with a module. */
const SOURCE_ERROR = /^(?:TS\d+ \[ERROR\]: |error: )(.*)/;

/** The error for a slip in the source, a type, a module that is not there. */
function explainSource(
  { message, output: step, cause }: Failure,
): UserError | undefined {
  const lines = step.split("\n").map((line) => line.replace(TIME, ""))
    .filter((line, at, all) => line !== "" || all[at - 1] !== "")
    .filter((line) => !STEP_FAILED.test(line));
  const first = lines.findIndex((line) => SOURCE_ERROR.test(line));
  if (first === -1) return undefined;
  const output = lines.slice(first).join("\n");
  const [, said] = SOURCE_ERROR.exec(lines[first]) ?? [];
  const [, path, place] = /\bat file:\/\/(\/[^\s:]+)(:\d+:\d+)/.exec(output) ??
    [];
  const missing = /npm package .* does not exist|Could not find npm package/;
  if (path === undefined && !missing.test(said)) return undefined;
  const what = said.replace(/ at file:\/\/\S+$/, "")
    .replace(/^The module's source code could not be parsed: /, "")
    .replaceAll("file://", "");
  const at = path === undefined ? "" : `${path}${place}: `;
  return new UserError(`${message}: ${at}${what}`, {
    next: path === undefined
      ? "Correct its name or version where it is imported, and build again"
      : /not found/i.test(what)
      ? "Correct the import; a module that is there has to be in the build context: see .dockerignore and the Dockerfile's COPY"
      : "Correct the source, and build again",
    exitCode: EXIT.checkFailed,
    output,
    cause,
  });
}

/**
 * Whether it failed on its way to a base image. A step of the user's own that
 * cannot reach a host says similar things and is none of the registry's business.
 */
function concernsBase(step: string): boolean {
  const [first] = step.split("\n", 1);
  return /load metadata for|^(\[\d+\/\d+\] )?(STEP|Step) \d+\/\d+ ?: FROM |^(\[[^\]]+\] )?FROM /
    .test(first) ||
    /failed to resolve source metadata|creating build container: /.test(step);
}
