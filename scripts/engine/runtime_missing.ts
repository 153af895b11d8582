/**
 * A build that cannot have the runtime that it was to compile onto: nothing is
 * wrong with what it builds.
 *
 * @module
 */
import { EXIT, UserError } from "../lib/errors.ts";

/** The runtime that `deno compile` needs cannot be had. */
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
export function explainRuntime(
  message: string,
  step: string,
  cause: unknown,
): RuntimeMissing | undefined {
  if (/unexpected argument '--engine'/.test(step)) {
    return new RuntimeMissing(
      message,
      "the builder's Deno compiles onto V8 only; --engine came with 2.9",
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
