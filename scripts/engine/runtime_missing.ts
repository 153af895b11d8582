/**
 * A build that cannot have the runtime or the option that it was to compile with:
 * nothing is wrong with what it builds.
 *
 * @module
 */
import { EXIT, UserError } from "../lib/errors.ts";

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
export function explainRuntime(
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
