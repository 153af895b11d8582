/**
 * What has to be installed, and installing it where that is plain: apt on
 * Debian and Ubuntu, as root. @module
 */
import { CommandFailed, run } from "../lib/command.ts";
import { EXIT, UserError } from "../lib/errors.ts";

/** Whether a command is on the `PATH`. */
export function isInstalled(command: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
    try {
      const { isFile, mode } = Deno.statSync(`${folder}/${command}`);
      return isFile && ((mode ?? 0) & 0o111) !== 0;
    } catch {
      return false;
    }
  });
}

/** The command for people. */
export function installCommand(packages: string[]): string {
  const names = packages.join(" ");
  return `apt-get update && apt-get install -y --no-install-recommends ${names}`;
}

/** @throws {UserError} where that cannot be done, with what to run or apt's output. */
export async function setUp(
  packages: string[],
  options: { onLine?: (line: string) => void; signal?: AbortSignal } = {},
): Promise<void> {
  const names = packages.join(", ");
  const message = `Cannot install ${names}`;
  const exitCode = EXIT.environment;
  if (!isInstalled("apt-get")) {
    const next = `Install ${names} with this system's package manager`;
    const why = "there is no apt-get here";
    throw new UserError(`${message}: ${why}`, { next, exitCode });
  }
  if (Deno.uid() !== 0) {
    const next = `Run: sudo sh -c '${installCommand(packages)}'`;
    const why = "only root may install packages";
    throw new UserError(`${message}: ${why}`, { next, exitCode });
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
      exitCode,
      output: error.output.trim().split("\n").slice(-20).join("\n"),
      cause: error,
    });
  }
}
