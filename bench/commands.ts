/**
 * Commands that benchmarks need, and what they print.
 *
 * @module
 */
import { EXIT, UserError } from "../scripts/lib/errors.ts";

/** What has to be stopped or removed however a benchmark ends. */
export const cleanup = new AsyncDisposableStack();
const INTERRUPTED = 130;
const over = new AbortController();
cleanup.defer(() => over.abort());

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
    // Ctrl-C in a terminal reaches us alone, and we clean up in order.
    detached: true,
    signal: over.signal,
    ...options,
  }).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout);
  if (success) return text;
  const end = `${text}${decoder.decode(stderr)}`.trim().slice(-500);
  throw new Error(`${words.join(" ")} failed: ${end}`);
}

/** Those of some commands that are not in the path. */
export async function missing(names: string[]): Promise<string[]> {
  const there = await Promise.all(names.map(hasCommand));
  return names.filter((_, index) => !there[index]);
}

/**
 * Makes sure that commands are there.
 *
 * @throws {UserError} Which are not.
 */
export async function required(names: string[]): Promise<void> {
  const lacks = await missing(names);
  if (lacks.length === 0) return;
  throw new UserError(`Not found: ${lacks.join(", ")}`, {
    next:
      "Install them: wrk and util-linux are Debian packages, Go is at go.dev",
    exitCode: EXIT.environment,
  });
}

/** Says what a user can fix in two lines, and ends with its exit code. */
function endWith(error: UserError): never {
  console.error(`${error.message}\nnext: ${error.next}`);
  if (error.output) console.error(error.output);
  Deno.exit(error.exitCode);
}

/**
 * A number that the environment may change. Ends with 2 when it is no number
 * above 0.
 */
export function setting(name: string, otherwise: number): number {
  const text = Deno.env.get(name);
  if (!text) return otherwise;
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  const problem = `Cannot use ${name}=${JSON.stringify(text)}`;
  return endWith(
    new UserError(`${problem}: expected a number above 0`, {
      next: `Leave it out for ${otherwise}`,
    }),
  );
}

/** A temporary folder that goes with the benchmark. */
export async function benchFolder(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "bench-" });
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));
  return folder;
}

/**
 * Runs a benchmark, and cleans up after it, also when a signal ends it. What it
 * lacks or cannot use ends it with a message; anything
 * else thrown is a bug and shows its stack.
 *
 * @param main Returns the exit code; nothing is 0.
 */
export async function runBench(
  main: () => Promise<number | void>,
): Promise<void> {
  // A second signal waits for the same cleanup: Ctrl-C reaches this process both
  // from the terminal and from the one that started it.
  let ending: Promise<void> | undefined;
  let interrupted = false;
  const cleanUp = () => ending ??= cleanup.disposeAsync();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, async () => {
      interrupted = true;
      await cleanUp();
      Deno.exit(INTERRUPTED);
    });
  }
  try {
    const code = await main() ?? EXIT.ok;
    await cleanUp();
    Deno.exit(code);
  } catch (error) {
    // What a signal has ended fails, and need not be told.
    if (interrupted) return;
    await cleanUp();
    if (error instanceof UserError) endWith(error);
    throw error;
  }
}
