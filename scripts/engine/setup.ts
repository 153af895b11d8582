/**
 * What has to be installed, and installing it where that is plain: apt on
 * Debian and Ubuntu, as root. Nothing is installed unless it was asked for.
 *
 * @module
 */
import { EXIT, UserError } from "../lib/errors.ts";
import { CommandFailed, run } from "../lib/command.ts";

/**
 * Which of the given commands are not on the `PATH`.
 *
 * @param commands Names without a folder.
 */
export function missing(commands: string[]): string[] {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  return commands.filter((command) =>
    !folders.some((folder) => isExecutable(`${folder}/${command}`))
  );
}

function isExecutable(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && ((mode ?? 0) & 0o111) !== 0;
  } catch {
    return false;
  }
}

/** The command that installs packages on Debian and Ubuntu, for people. */
export function installCommand(packages: string[]): string {
  return `apt-get update && apt-get install -y --no-install-recommends ${
    packages.join(" ")
  }`;
}

/**
 * Installs packages.
 *
 * @param packages Their names in Debian and Ubuntu.
 * @param options Where apt's lines go, and what ends it.
 * @throws {UserError} when this is not a Debian or Ubuntu, or not root, naming
 * the command to run; or when apt fails, with its output.
 */
export async function setUp(
  packages: string[],
  options: { onLine?: (line: string) => void; signal?: AbortSignal } = {},
): Promise<void> {
  if (packages.length === 0) return;
  const message = `Cannot install ${packages.join(", ")}`;
  if (missing(["apt-get"]).length > 0) {
    throw new UserError(`${message}: there is no apt-get here`, {
      next: `Install ${packages.join(", ")} with this system's package manager`,
      exitCode: EXIT.environment,
    });
  }
  if (Deno.uid() !== 0) {
    throw new UserError(`${message}: only root may install packages`, {
      next: `Run: sudo sh -c '${installCommand(packages)}'`,
      exitCode: EXIT.environment,
    });
  }
  // A client killed half way leaves dpkg's database locked or half configured:
  // it gets the time it needs to come to an end.
  const running = {
    ...options,
    env: { DEBIAN_FRONTEND: "noninteractive" },
    graceMs: 60_000,
  };
  try {
    await run("apt-get", ["update"], running);
    await run("apt-get", [
      "install",
      "--yes",
      "--no-install-recommends",
      ...packages,
    ], running);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new UserError(message, {
      next: "See apt's message above; the package mirrors must be reachable",
      exitCode: EXIT.environment,
      output: error.output.trim().split("\n").slice(-20).join("\n"),
      cause: error,
    });
  }
}
