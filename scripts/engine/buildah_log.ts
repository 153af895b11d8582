/**
 * What buildah's own lines tell: how a service ended. `buildah run` adds lines to the service's output, and hides
 * the signal that ended it behind exit code 1. Pure: text in, text out.
 *
 * @module
 */

const OWN =
  /^(subprocess exited (with status \d+|on .+)|process exited with error: .*|Error: exit status \d+|Error: while running runtime: .*)$/;

/** The service's output without what buildah adds at its end. */
export function serviceLog(output: string): string {
  const all = output.split("\n");
  let end = all.length;
  while (end > 0 && (all[end - 1] === "" || OWN.test(all[end - 1]))) end--;
  return end === 0 ? "" : all.slice(0, end).join("\n") + "\n";
}

/** How the signals that end services are named by the system. */
const SIGNALS: Record<string, number> = {
  "hangup": 1,
  "interrupt": 2,
  "quit": 3,
  "illegal instruction": 4,
  "trace/breakpoint trap": 5,
  "aborted": 6,
  "bus error": 7,
  "floating point exception": 8,
  "killed": 9,
  "user defined signal 1": 10,
  "segmentation fault": 11,
  "user defined signal 2": 12,
  "broken pipe": 13,
  "alarm clock": 14,
  "terminated": 15,
  "bad system call": 31,
};

/**
 * The exit code as other engines give it: 128 + n when signal n ended the service.
 *
 * @param code Exit code of `buildah run`.
 * @param output What it wrote.
 */
export function serviceExitCode(code: number, output: string): number {
  const signal = /^subprocess exited on ([^\n]+?)(?: \(core dumped\))?$/m
    .exec(output.slice(-2000))?.[1];
  const number = signal === undefined ? undefined : SIGNALS[signal];
  return number === undefined ? code : 128 + number;
}

/**
 * What hindered a service from starting at all.
 *
 * @param output What a `buildah run` that failed wrote. Had the service run,
 * its last line would be `Error: exit status`.
 * @returns `undefined` when it did start.
 */
export function startFailure(output: string): string | undefined {
  return /process failed to start with error: (.*?)(?:process exited with error|\n|$)/
    .exec(output)?.[1] ??
    /(?:^|\n)Error: (?!exit status)([^\n]*)\n?$/.exec(output)?.[1];
}
