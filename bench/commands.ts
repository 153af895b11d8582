/**
 * Commands that benchmarks need, and what they print.
 *
 * @module
 */
import { EXIT, UserError } from "../scripts/errors.ts";

/** Whether a command is in the path. */
export async function hasCommand(name: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", {
    args: ["-c", 'command -v "$1"', "sh", name],
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

/**
 * What a command prints.
 *
 * @param words The command and its arguments.
 * @throws {Error} With the end of its output when it fails.
 */
export async function output(
  words: string[],
  options: { cwd?: string | URL; env?: Record<string, string> } = {},
): Promise<string> {
  const [command, ...args] = words;
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args,
    ...options,
  }).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout);
  if (success) return text;
  const end = `${text}${decoder.decode(stderr)}`.trim().slice(-500);
  throw new Error(`${words.join(" ")} failed: ${end}`);
}

/**
 * Makes sure that commands are there.
 *
 * @throws {UserError} Which are not.
 */
export async function required(names: string[]): Promise<void> {
  const there = await Promise.all(names.map(hasCommand));
  const missing = names.filter((_, index) => !there[index]);
  if (missing.length === 0) return;
  throw new UserError(`Not found: ${missing.join(", ")}`, {
    next:
      "Install them: wrk and util-linux are Debian packages, Go is at go.dev",
    exitCode: EXIT.environment,
  });
}

/**
 * A number that the environment may change.
 *
 * @throws {UserError} When it is no number above 0.
 */
export function setting(name: string, otherwise: number): number {
  const text = Deno.env.get(name);
  if (!text) return otherwise;
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new UserError(
    `Cannot use ${name}=${JSON.stringify(text)}: expected a number above 0`,
    { next: `Leave it out for ${otherwise}` },
  );
}
