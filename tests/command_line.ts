/**
 * `deno task image` as a user starts it, and folders to start it in.
 *
 * @module
 */
import { join } from "node:path";

export { folder } from "../testing/folder.ts";

/** Entry of the command line. */
export const ENTRY = join(import.meta.dirname ?? ".", "../scripts/image.ts");

/** Runs the command line to its end. */
export async function image(
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
) {
  const { code, stdout, stderr } = await command(args, options).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** The command line, not started yet. */
export function command(
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", ENTRY, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", GITHUB_STEP_SUMMARY: "", ...options.env },
    cwd: options.cwd,
  });
}
