/**
 * What a failed build says, for the person who has to correct it: the failing
 * step's own output out of everything the builder wrote, and what to do next.
 * Pure: text in, error out.
 *
 * @module
 */
import { EXIT, UserError } from "../lib/errors.ts";
import { suggest } from "../lib/suggest.ts";
import { explainMachine, explainRegistry } from "./explain.ts";

/** Lines of a failing step that are shown; the end is what matters. */
const SHOWN = 40;

/** Longest line shown; buildah can write 2000 characters about one full disk. */
const LONGEST = 400;

/**
 * The lines that belong to the step that failed.
 *
 * @param output Everything the builder wrote: BuildKit's plain progress, the
 * legacy builder's or buildah's.
 * @returns At most 40 lines, the last ones of the step.
 */
export function failingStep(output: string): string {
  const all = output.split("\n").map((line) => line.trimEnd())
    .filter((line) => line !== "" && !isNoise(line));
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
function isNoise(line: string): boolean {
  return NOISE.some((noise) => noise.test(line));
}

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
    if (/^#\d+ /.test(line)) last = undefined;
    else last = line;
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
 * @param cause The failure of the command.
 */
export function explainBuild(
  dockerfile: string,
  output: string,
  cause?: unknown,
): UserError {
  const step = failingStep(output);
  const message = `Cannot build "${dockerfile}"`;
  const known = explainMachine(message, step, cause) ??
    explainInstruction(message, step, cause) ??
    explainRuntime(message, step, cause) ??
    explainModules(message, step, cause) ??
    explainSource(message, step, cause) ??
    (concernsBase(step) ? explainRegistry(message, step, cause) : undefined);
  if (known !== undefined) return known;
  return new UserError(message, {
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
  message: string,
  step: string,
  cause: unknown,
): UserError | undefined {
  const [, word] = /unknown instruction: "?(\w+)/i.exec(step) ?? [];
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

/** What BuildKit puts before lines, and into lines of their own. */
const TIME = /^\d+\.\d+( |$)/;
/** How builders say which command failed: with all of its text. */
const STEP_FAILED =
  /^(error: )?(failed to solve: )?(executor failed|building at STEP|process "\/|The command ')/i;

/** How Deno begins what is wrong with a module. */
const SOURCE_ERROR = /^(?:TS\d+ \[ERROR\]: |error: )(.*)/;

/**
 * The error for source code that Deno does not take: a slip in it, a type, a
 * module that is not there.
 */
function explainSource(
  message: string,
  step: string,
  cause: unknown,
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

/** The error for a module that the build cannot download. */
function explainModules(
  message: string,
  step: string,
  cause: unknown,
): UserError | undefined {
  const [, name, url] =
    /JSR package manifest for '([^']+)' failed to load|Import '(https?:\/\/[^']+)' failed/
      .exec(step) ?? [];
  const module = name === undefined ? url : `jsr:${name}`;
  if (module === undefined) return undefined;
  return new UserError(`${message}: ${module} cannot be downloaded`, {
    next:
      'Let builds reach it; or, where it is in reach, set "vendor": true in deno.json and run deno install, then run init again, which copies vendor/',
    exitCode: EXIT.environment,
    output: step,
    cause,
  });
}

/**
 * Whether it failed on its way to a base image. A step of the user's own that
 * cannot reach a host says similar things and is none of the registry's business.
 */
function concernsBase(step: string): boolean {
  const first = step.split("\n", 1)[0];
  return /load metadata for|^(\[\d+\/\d+\] )?(STEP|Step) \d+\/\d+ ?: FROM |^(\[[^\]]+\] )?FROM /
    .test(first) ||
    /failed to resolve source metadata|creating build container: /.test(step);
}

/** The runtime, or an option, that `deno compile` needs cannot be had. */
export class RuntimeMissing extends UserError {
  override name = "RuntimeMissing";

  constructor(
    message: string,
    /** Why, in one line. */
    readonly reason: string,
    options: { next: string; output: string; cause: unknown },
  ) {
    super(`${message}: ${reason}`, { ...options, exitCode: EXIT.environment });
  }
}

/**
 * Recognises it in a failing step.
 *
 * @param message What could not be done.
 * @param step The step's own output.
 * @param cause The failure of the command.
 * @returns `undefined` for any other failure.
 */
function explainRuntime(
  message: string,
  step: string,
  cause: unknown,
): RuntimeMissing | undefined {
  const [, option] = /unexpected argument '(--[\w-]+)'/.exec(step) ?? [];
  if (option !== undefined && /\bdeno compile\b/.test(step)) {
    return new RuntimeMissing(
      message,
      `the builder's Deno does not know ${option}`,
      {
        next: "Take a newer builder: --build-arg BUILDER_IMAGE=…",
        output: step,
        cause,
      },
    );
  }
  // Deno announces the download, and names this step when it fails.
  const url = /Download\S* (https?:\/\/\S+\/(denort\S*)\.zip)/.exec(step);
  if (url === null || !/Setting up base binary/.test(step)) return undefined;
  return new RuntimeMissing(message, `${url[2]} cannot be downloaded`, {
    next: `Let builds reach ${new URL(url[1]).host}${
      url[2].includes("quickjs") ? "" : ", or take --bases packages"
    }`,
    output: step,
    cause,
  });
}
