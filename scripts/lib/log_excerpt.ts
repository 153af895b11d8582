/** What a report shows of a program's log: its error, and repeats once. @module */

const LONGEST_REPEAT = 40;

/** A log of so many lines: what repeats is shown once, and the middle is left out. */
export function condenseLog(log: string, most = 40): string {
  const lines = log.trimEnd().split("\n").map((line) =>
    line.length > 500 ? `${line.slice(0, 500)}…` : line
  );
  const kinds = lines.map((line) => line.replace(/\d+/g, "0"));
  const kept: string[] = [];
  for (let at = 0; at < lines.length;) {
    const { size, times } = repeatAt(kinds, at);
    kept.push(...lines.slice(at, at + size));
    if (times > 1) {
      const what = size === 1 ? "this line" : `these ${size} lines`;
      const same = lines.slice(at, at + size * times)
        .every((line, index) => line === lines[at + index % size]);
      kept.push(
        `… (${what} ${times} times${same ? "" : ", with other numbers"})`,
      );
    }
    at += size * times;
  }
  if (kept.length <= most) return kept.join("\n");
  const head = Math.floor(most / 2);
  const cut = kept.length - most;
  return [
    ...kept.slice(0, head),
    `… (${cut} more lines)`,
    ...kept.slice(head + cut),
  ].join("\n");
}

/** The smallest block at a line that follows itself at least twice. */
function repeatAt(
  kinds: string[],
  at: number,
): { size: number; times: number } {
  const longest = Math.min(LONGEST_REPEAT, (kinds.length - at) / 3);
  for (let size = 1; size <= longest; size++) {
    let end = at + size;
    while (end < kinds.length && kinds[end] === kinds[end - size]) end++;
    const times = Math.floor((end - at) / size);
    if (times > 2) return { size, times };
  }
  return { size: 1, times: 1 };
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
