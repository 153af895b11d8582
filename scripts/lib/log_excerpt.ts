/** What a report shows of a program's log: both ends, and its error. @module */

/** A log of so many lines: the middle of a longer one is left out. */
export function condenseLog(log: string, most = 40): string {
  const lines = log.trimEnd().split("\n").map((line) =>
    line.length > 500 ? `${line.slice(0, 500)}…` : line
  );
  const cut = lines.length - most;
  return cut <= 0
    ? lines.join("\n")
    : lines.toSpliced(most / 2, cut, `… (${cut} more lines)`).join("\n");
}

/** How Deno, Node and others begin the line of an error. */
const ERROR =
  /^\s*(?:error: |Uncaught |\[?\w*(?:Error|Exception|NotCapable|PermissionDenied|NotFound|AddrInUse|panic)\]?\b.*:|thread .* panicked|fatal|.*: (?:command )?not found)/i;

/** The last line that is an error's message, else the last outside of a stack. */
export function errorOf(log: string): string | undefined {
  return outOfMemory(log) ?? statedError(log) ??
    log.split("\n").map((line) => line.trimEnd()).filter((line) => line !== "")
      .findLast((line) => !/^\s+(at |\^|\|)|^\s*\^+$/.test(line))?.trim();
}

/** The last line of a log that is an error's message, if it has one. */
export function statedError(log: string): string | undefined {
  return log.split("\n").findLast((line) => ERROR.test(line))?.trim()
    .replace(/^error: /i, "").replace(/^Uncaught (\(in promise\) )?/, "");
}

/** What V8 says last when it has no memory, before it prints its stack. */
export function outOfMemory(log: string): string | undefined {
  return /Fatal (?:JavaScript|process) out of memory: .*|JavaScript heap out of memory/
    .exec(log)?.[0].trim();
}

/** What to do when it has said so. */
export const RAISE_HEAP =
  "Raise --max-old-space-size where it is given, and the memory limit; or have it need less";
