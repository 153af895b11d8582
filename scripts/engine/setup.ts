/**
 * What has to be installed, and installing it where that is plain: apt on
 * Debian and Ubuntu, as root. @module
 */
import { CommandFailed, run } from "../lib/command.ts";
import { EXIT, UserError } from "../lib/errors.ts";

/** Which of the given commands are not on the `PATH`. */
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

/** The command for people. */
export function installCommand(packages: string[]): string {
  return `apt-get update && apt-get install -y --no-install-recommends ${
    packages.join(" ")
  }`;
}

/** @throws {UserError} where that cannot be done, with what to run or apt's output. */
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
  const running = {
    ...options,
    env: { DEBIAN_FRONTEND: "noninteractive" },
    // A client killed half way leaves dpkg's database locked or half configured.
    graceMs: 60_000,
  };
  const install = ["install", "--yes", "--no-install-recommends"];
  try {
    await run("apt-get", ["update"], running);
    await run("apt-get", [...install, ...packages], running);
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
