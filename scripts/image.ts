/**
 * Entry of `deno task image`: reads the command line, carries it out, and turns
 * whatever goes wrong into a message and an exit code. The only `catch` for
 * failures, the only `Deno.exit`.
 *
 * @module
 */
import { parseCommandLine } from "./commands/command_line.ts";
import {
  EXIT,
  explainFiles,
  messageOf,
  rootOf,
  UserError,
} from "./lib/errors.ts";
import { printable } from "./lib/format.ts";
import type { Io } from "./lib/io.ts";
import { createProgress } from "./lib/progress.ts";

/** Exit code of a run that Ctrl-C ended, by the convention of shells. */
const INTERRUPTED = 130;

async function main(args: string[], io: Io): Promise<number> {
  const parsed = parseCommandLine(args);
  if ("text" in parsed) {
    io.print(parsed.text);
    return EXIT.ok;
  }
  const { config } = parsed;
  // Loaded when needed: inspecting an image needs no engine and no HTTP client.
  switch (config.command) {
    case "build":
      return await (await import("./build/build.ts")).build(config, io);
    case "init":
      return await (await import("./commands/init.ts")).init(config, io);
    case "inspect":
      return await (await import("./commands/inspect.ts")).inspect(config, io);
    case "diff":
      return await (await import("./commands/diff.ts")).diff(config, io);
    case "sbom":
      return await (await import("./commands/sbom.ts")).sbom(config, io);
    case "compare":
      return await (await import("./commands/compare.ts")).compare(config, io);
  }
}

/**
 * Aborts at the first Ctrl-C, SIGTERM or end of the terminal; a second one ends
 * at once.
 */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(name, () => {
      if (controller.signal.aborted) Deno.exit(INTERRUPTED);
      note("Stopping and cleaning up; once more ends at once");
      controller.abort(new DOMException("Interrupted", "AbortError"));
    });
  }
  return controller.signal;
}

/** Writes a line to stderr, unless nobody is there to read it any more. */
function note(line: string): void {
  try {
    console.error(line);
  } catch {
    // The terminal is gone; the work, or the cleaning up, goes on.
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

/** Writes all of a text to stdout, however little a pipe takes at a time. */
function printAll(text: string): void {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
}

if (import.meta.main) {
  const signal = interruption();
  const terminal = Deno.stderr.isTerminal();
  const io: Io = {
    print: printAll,
    note,
    progress: createProgress(terminal),
    signal,
    columns: Deno.stdout.isTerminal() ? Deno.consoleSize().columns : 80,
    color: Deno.stdout.isTerminal() && !Deno.noColor,
  };
  let code: number;
  try {
    code = await main(Deno.args, io);
  } catch (error) {
    code = signal.aborted ? INTERRUPTED : explain(error);
  }
  Deno.exit(code);
}
