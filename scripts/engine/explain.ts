/**
 * What an engine's failure says, for the person who has to correct it. Text in,
 * error out. @module
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { CommandFailed } from "../lib/command.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { outOfMemory, RAISE_HEAP, statedError } from "../lib/log_excerpt.ts";
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

interface Failure {
  /** What could not be done. */
  message: string;
  output: string;
  cause?: unknown;
}

/** Makes errors for the user: why, if that is known, and what to do next. */
function telling(exitCode: number) {
  return (
    { message, ...failure }: Failure,
    why: string | undefined,
    next: string,
  ) => {
    const whole = why === undefined ? message : `${message}: ${why}`;
    return new UserError(whole, { ...failure, next, exitCode });
  };
}

/** Of what the machine or the network lacks. */
const lacking = telling(EXIT.environment);
/** Of what is wrong in an image, its Dockerfile or its sources. */
const wrong = telling(EXIT.checkFailed);

/** The error for a command that was killed, or that found the disk full. */
export function explainMachine(failure: Failure): UserError | undefined {
  const { output, cause } = failure;
  if (cause instanceof CommandFailed && cause.killedBy) {
    return lacking(failure, cause.message, cause.next);
  }
  if (!DISK.test(output)) return undefined;
  return lacking(
    failure,
    "the disk is full",
    "Free disk space where the engine keeps its images and in TMPDIR (df -h shows the disks), and run again",
  );
}

function explainRegistry(failure: Failure): UserError | undefined {
  const { output } = failure;
  const next =
    "Take the base images from packages (--bases packages), or name a mirror's image with the Dockerfile's build arguments";
  if (UNREACHABLE.test(output)) {
    return lacking(failure, "the registry cannot be reached", next);
  }
  const [, short] = SHORT.exec(output) ?? [];
  if (short !== undefined) {
    return lacking(
      failure,
      `no registry is set for "${short}"`,
      `${next}, or set unqualified-search-registries in registries.conf`,
    );
  }
  if (!UNKNOWN.test(output)) return undefined;
  const why = "the registry does not have the image, or refuses it";
  return lacking(failure, why, next);
}

/** Anything but a failed command is given back as it is. */
export function explainPull(image: string, error: unknown): unknown {
  if (!(error instanceof CommandFailed)) return error;
  const message = `Cannot pull "${image}"`;
  const failure = { message, output: error.output.trim(), cause: error };
  return explainMachine(failure) ?? explainRegistry(failure) ??
    lacking(failure, undefined, "See the engine's message above");
}

export function explainExport(
  image: string,
  error: CommandFailed | DaemonRefused,
): UserError {
  const message = `Cannot export "${image}"`;
  const failure = { message, output: error.output.trim(), cause: error };
  const next =
    "Check that the image exists; give its name as the engine lists it";
  return explainMachine(failure) ?? lacking(failure, undefined, next);
}

/** The program that an engine did not find in an image, by what it `said`. */
export function missingProgram(said: string): string | undefined {
  return /(?:exec: "|fork\/exec |stat |lstat )([^\s":]+)"?:.*(?:no such file|not found)/i
    .exec(said)?.[1];
}

/** The error for a container that an engine cannot start, by what it `said`. */
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
  const program = missingProgram(output);
  const failure = { message, output, cause };
  const [why, next] = /no such image|image not known/i.test(output)
    ? [undefined, "Build or pull the image first"]
    : program === undefined
    ? [undefined, "The image's entrypoint, its loader and its user must exist"]
    : [
      `it cannot execute ${program}`,
      "Correct ENTRYPOINT or CMD in the Dockerfile, or copy the program into the last stage, with the loader that it names",
    ];
  return explainMachine(failure) ?? wrong(failure, why, next);
}

/** Lines of a failing step that are shown; the end is what matters. */
const SHOWN = 40;
/** Longest line shown; buildah can write 2000 characters about one full disk. */
const LONGEST = 400;

/** The last lines of the step that failed, by everything any builder wrote. */
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
  // Deno and V8, without symbols
  /^(#\d+ [\d.]+ +)?(Stack backtrace:| *\d+: <unknown>|=+ C stack trace =+| *\S+\(\S*\+0x[\da-f]+\) \[0x[\da-f]+\])$/,
];

/** BuildKit prefixes each line with its step's number: `#5 0.218 problem`. */
function buildKitStep(all: string[]): string[] | undefined {
  const [failed] =
    all.findLast((line) => /^#\d+ ERROR: /.test(line))?.split(" ") ?? [];
  if (failed === undefined) return undefined;
  const step = all.filter((line) => line.startsWith(`${failed} `))
    .map((line) => line.replace(/^#\d+ (\d+\.\d+ )?/, ""));
  // A step that a stage after it interrupts is announced again.
  const lines = step.filter((line, i) => i === 0 || line !== step[0]);
  const last = all[all.length - 1];
  return /^(#\d+ |-+$)/.test(last) ? lines : [...lines, last];
}

/** The others run one step after the other and announce each. */
function stepSince(all: string[]): string[] {
  const from = all.findLastIndex((line) =>
    /^(\[\d+\/\d+\] )?STEP \d+\/\d+: |^Step \d+\/\d+ : /.test(line)
  );
  if (from !== -1) {
    // Of two pipes, the one with the error may have been read first.
    const before = all.slice(Math.max(0, from - 1), from)
      .filter((line) => line.startsWith("Error: "));
    return [...all.slice(from), ...before];
  }
  const rest = all.filter((line) => !/^#\d+ /.test(line));
  return rest.length > 0 ? rest : all;
}

/** What the legacy builder says; of `$BUILDPLATFORM` it knows nothing. */
const NEEDS_BUILDKIT =
  /requires? BuildKit|BuildKit to be enabled|failed to parse platform : ""/i;

/**
 * The error for a build that failed, by everything the builder wrote.
 *
 * @param context Folder in which a file that was not found may be all the same.
 */
export function explainBuild(
  dockerfile: string,
  output: string,
  cause?: unknown,
  context?: string,
): UserError {
  const step = failingStep(output);
  const message = `Cannot build "${dockerfile}"`;
  const failure = { message, output: step, cause };
  return explainMachine(failure) ??
    explainInstruction(failure) ??
    explainOption(failure) ??
    explainCopy(failure, dockerfile, context) ??
    explainRuntime(failure) ??
    explainMemory(failure) ??
    explainLock(failure, "deno install --frozen=false") ??
    explainModules(failure) ??
    explainSource(failure) ??
    (concernsBase(step) ? explainRegistry(failure) : undefined) ??
    wrong(
      failure,
      causeOf(step),
      NEEDS_BUILDKIT.test(step)
        ? "Install BuildKit for docker (on Debian and Ubuntu: apt-get install docker-buildx)"
        : /exec format error/i.test(step)
        ? "Build in a stage of this machine's architecture, FROM --platform=$BUILDPLATFORM, and copy from there"
        : "Correct the step shown above in the Dockerfile, or what it runs, and build again",
    );
}

/**
 * The error for packages that could not be installed before the builds.
 *
 * @param locks Command that brings the lock file up to date.
 */
export function explainInstall(cause: CommandFailed, locks: string): UserError {
  const output = failingStep(cause.output);
  const message = "Cannot install the packages that the Dockerfiles copy";
  const failure = { message, output, cause };
  const [, said] = /^error: (.*)/m.exec(output) ?? [];
  return explainMachine(failure) ??
    explainLock(failure, locks) ??
    explainModules(failure, "Let this machine reach it, and run again") ??
    explainSource(failure) ??
    wrong(failure, said, "Correct what Deno says above");
}

function explainInstruction(failure: Failure): UserError | undefined {
  const [, word] = /unknown instruction: "?(\w+)/i.exec(failure.output) ?? [];
  if (word === undefined) return undefined;
  const why = `there is no instruction ${word}`;
  // What buildah says has its parser's record in it.
  return wrong({ ...failure, output: "" }, why, "Correct it in the Dockerfile");
}

/** The error for a slip in an option; a program that knows a similar one says so. */
function explainOption(failure: Failure): UserError | undefined {
  const [, option, similar] =
    /unexpected argument '(--[\w-]+)'[^]*?a similar argument exists: '(--[\w-]+)'/
      .exec(failure.output) ?? [];
  // An option of a newer Deno is similar to some other one as well.
  return option !== undefined && suggest(option, [similar]) !== undefined
    ? wrong(failure, `there is no option ${option}`, `Did you mean ${similar}?`)
    : undefined;
}

/** How BuildKit, buildah and the legacy builder name what they cannot copy. */
const NOT_FOUND = [
  /(?:cache key|checksum of ref [^"]*): "\/?([^"]+)"(?::| )/,
  /(?:copier: stat: |no items matching glob )"\/?([^"]+)"/,
  /COPY failed: .*\bstat ([^\s:]+): file does not exist/,
];

/** The error for a file to copy that is not there, or that is kept from the build. */
function explainCopy(
  failure: Failure,
  dockerfile: string,
  context = ".",
): UserError | undefined {
  const [found] = NOT_FOUND.flatMap((form) =>
    form.exec(failure.output)?.[1] ?? []
  );
  if (found === undefined) return undefined;
  const [, stage] = /\b(?:COPY|ADD)\b.* --from=(\S+)/.exec(failure.output) ??
    [];
  if (stage !== undefined) {
    return wrong(
      failure,
      `"${stage}" has no ${found}`,
      `Correct the path in COPY --from=${stage}, or the step that is to make it`,
    );
  }
  // buildah names it with its whole path.
  const root = `${resolve(context)}/`;
  const path = `/${found}`.replace(root, "").replace(/^\//, "");
  if (!existsSync(`${context}/${path}`)) {
    return wrong(
      failure,
      `${path} is not in the build context`,
      "Correct its name where the Dockerfile copies it, or make it before the build",
    );
  }
  const own = `${dockerfile}.dockerignore`;
  const ignore = existsSync(`${context}/${own}`) ? own : ".dockerignore";
  return wrong(
    failure,
    `${ignore} leaves out ${path}, which it copies`,
    `Add !${path} at the end of ${ignore}, or do not copy it`,
  );
}

/** The runtime, or an option, that `deno compile` needs cannot be had. */
export class RuntimeMissing extends UserError {
  override name = "RuntimeMissing";

  constructor(
    { message, output, cause }: Failure,
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

/** The error for a command in a build that has, or may have, lacked memory. */
function explainMemory(failure: Failure): UserError | undefined {
  const { output } = failure;
  const heap = outOfMemory(output);
  if (heap !== undefined) return wrong(failure, heap, RAISE_HEAP);
  const next = "Give the build more memory, unless somebody has killed it";
  return /(exit (code: |status )|non-zero code: )137\b/.test(output)
    ? wrong(failure, "its step was killed", next)
    : undefined;
}

/** The error for a lock file that the sources have left behind. */
function explainLock(failure: Failure, locks: string): UserError | undefined {
  return /lockfile is out of date/i.test(failure.output)
    ? wrong(failure, "deno.lock is out of date", `Run: ${locks}`)
    : undefined;
}

function explainModules(
  failure: Failure,
  next =
    'Let builds reach it; or, where it is in reach, set "vendor": true in deno.json and run deno install, then run init again, which copies vendor/',
): UserError | undefined {
  const [, jsr, npm, url] =
    /JSR package manifest for '([^']+)' failed to load|Failed (?:loading \S+ for package "|caching npm package ')([^"']+)|Import '(https?:\/\/[^']+)' failed/
      .exec(failure.output) ?? [];
  const module = jsr ? `jsr:${jsr}` : npm ? `npm:${npm}` : url;
  return module === undefined
    ? undefined
    : lacking(failure, `${module} cannot be downloaded`, next);
}

/** What BuildKit puts before lines, and into lines of their own. */
const TIME = /^\d+\.\d+( |$)/;
/** How builders say which command failed: with all of its text. */
const STEP_FAILED =
  /^(error: )?(failed to solve: )?(executor failed|building at STEP|process "\/|The command '|exit status)/i;
/** How Deno begins what is wrong with a module. */
const SOURCE_ERROR = /^(?:TS\d+ \[ERROR\]: |error: )(.*)/;

/** Lines of a step, without what builders put before and among them. */
function saidIn(lines: string[]): string[] {
  return lines.map((line) => line.replace(TIME, ""))
    .filter((line) => !STEP_FAILED.test(line));
}

/** Why a step failed, or the Dockerfile cannot be read, in the words of who says it. */
function causeOf(step: string): string | undefined {
  const [, unread] =
    /(?:failed to create LLB definition: |^Error: (?!building at STEP))(.*)/m
      .exec(step) ?? [];
  return unread ?? statedError(saidIn(step.split("\n").slice(1)).join("\n"))
    ?.replace(/^\/bin\/sh: (\d+: )?/, "");
}

/** The error for a slip in the source, a type, a module that is not there. */
function explainSource(failure: Failure): UserError | undefined {
  const lines = saidIn(failure.output.split("\n"))
    .filter((line, at, all) => line !== "" || all[at - 1] !== "");
  const first = lines.findIndex((line) => SOURCE_ERROR.test(line));
  if (first === -1) return undefined;
  const output = lines.slice(first).join("\n");
  const [, said] = SOURCE_ERROR.exec(lines[first]) ?? [];
  const [, path, place] = /\bat file:\/\/(\/[^\s:]+)(:\d+:\d+)/.exec(output) ??
    [];
  const unknown =
    /npm package .* does not exist|Could not find (npm package|version of)|JSR package not found/
      .test(said);
  if (path === undefined && !unknown) return undefined;
  const outdated = /^Could not find a matching package for .* directory\b/
    .exec(said);
  const what = outdated?.[0] ?? said.replace(/ at file:\/\/\S+$/, "")
    .replace(/^The module's source code could not be parsed: /, "")
    .replaceAll("file://", "");
  const at = path === undefined ? "" : `${path}${place}: `;
  return wrong(
    { ...failure, output },
    at + what,
    unknown
      ? "Correct its name or version in deno.json, or where it is imported, and build again"
      : outdated
      ? "Run: deno install --node-modules-dir=manual"
      : /not found/i.test(what)
      ? "Correct the import; a module that is there has to be in the build context: see .dockerignore and the Dockerfile's COPY"
      : "Correct the source, and build again",
  );
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
