/**
 * Entry of `deno task image`: reads the command line, carries it out, and turns
 * whatever goes wrong into a message and an exit code. The only `catch` for
 * failures, the only `Deno.exit`.
 *
 * @module
 */
import { dirname } from "node:path";
import { parseCommandLine } from "./commands/commands.ts";
import {
  EXIT,
  explainFiles,
  messageOf,
  rootOf,
  UserError,
} from "./lib/errors.ts";
import { printable } from "./lib/format.ts";
import { createProgress, type Io } from "./lib/progress.ts";

/** Exit code of a run that Ctrl-C ended, by the convention of shells. */
const INTERRUPTED = 130;

/**
 * How long the same signal may come again from those that passed it on, in ms:
 * a terminal sends Ctrl-C to the whole group, npx and deno task pass it on too.
 */
const ECHO_MS = 500;

/**
 * Aborts at the first Ctrl-C, SIGTERM or end of the terminal; a second one ends
 * at once.
 */
function interruption(note: (line: string) => void): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(name, () => {
      if (controller.signal.aborted) {
        if (performance.now() - first > ECHO_MS) Deno.exit(INTERRUPTED);
        return;
      }
      first = performance.now();
      note("Stopping and cleaning up; once more ends at once");
      controller.abort(new DOMException("Interrupted", "AbortError"));
    });
  }
  return controller.signal;
}

/** Writes to stderr, unless nobody is there to read it any more. */
function writeError(text: string): void {
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  } catch {
    // The terminal is gone; the work, or the cleaning up, goes on.
  }
}

/** Columns of a terminal; 0 where there is none, or it does not know its size. */
function columnsOf(stream: { isTerminal(): boolean }): number {
  try {
    return stream.isTerminal() ? Deno.consoleSize().columns : 0;
  } catch {
    return 0;
  }
}

/** Tells what went wrong, and what to do next if that is known. */
function explain(thrown: unknown): number {
  const root = rootOf(thrown);
  const error = explainFiles("Cannot go on", root, {
    full:
      "Free some space (df -h shows the disks), or set TMPDIR, and run again",
    readOnly: "Set TMPDIR to a folder that can be written to, and run again",
  }) ?? root;
  if (!(error instanceof UserError)) {
    console.error(error);
    console.error(
      "This is a bug in deno-small-image; please report it with the lines above.",
    );
    return EXIT.checkFailed;
  }
  console.error(`error: ${printable(error.message)}`);
  if (error.output) {
    console.error(error.output.split("\n").map(printable).join("\n"));
  }
  const cause = error.cause === undefined ? "" : messageOf(error.cause);
  if (!error.message.includes(cause)) {
    console.error(`cause: ${printable(cause)}`);
  }
  console.error(`next:  ${error.next}`);
  return error.exitCode;
}

/**
 * Goes where the user stands: `deno task` runs a task in the folder of its
 * configuration, which is this project's.
 */
function followTask(): void {
  const stood = Deno.env.get("INIT_CWD");
  const own = import.meta.dirname;
  if (stood === undefined || own === undefined) return;
  if (Deno.cwd() === dirname(own)) Deno.chdir(stood);
}

/** Writes all of a text to stdout, however little a pipe takes at a time. */
function printAll(text: string): void {
  let rest = new TextEncoder().encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
  } catch (error) {
    // Such as `| head`: who reads has enough, and the work goes on.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

if (import.meta.main) {
  const progress = createProgress({
    write: writeError,
    columns: columnsOf(Deno.stderr),
    verbose: Deno.args.includes("--verbose"),
  });
  const signal = interruption(progress.note);
  const io: Io = {
    print: printAll,
    note: progress.note,
    progress,
    signal,
    columns: columnsOf(Deno.stdout) || 80,
    color: Deno.stdout.isTerminal() && !Deno.noColor,
  };
  let code: number;
  try {
    followTask();
    const parsed = await parseCommandLine(Deno.args);
    if ("text" in parsed) {
      printAll(parsed.text);
      code = EXIT.ok;
    } else code = await parsed.module.run(parsed.options, io);
  } catch (error) {
    code = signal.aborted ? INTERRUPTED : explain(error);
  }
  Deno.exit(code);
}
