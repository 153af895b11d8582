/**
 * The lines of `/proc` that figures are taken from. Pure: text in, numbers out.
 *
 * @module
 */

/** Memory of a process. */
export interface ProcessMemory {
  /** Resident now (`VmRSS`). */
  rssBytes: number;
  /** Largest resident set since the program started (`VmHWM`). */
  peakBytes: number;
}

/** Times and place of a process. */
export interface ProcessStat {
  pid: number;
  parent: number;
  /** User and system time, in clock ticks; children that it waited for are not in it. */
  cpuTicks: number;
}

/**
 * Parses `/proc/<pid>/status`.
 *
 * @returns `undefined` for a process without memory: a kernel thread or a zombie.
 */
export function parseStatus(text: string): ProcessMemory | undefined {
  const rss = kibibytes(text, "VmRSS");
  const peak = kibibytes(text, "VmHWM");
  if (rss === undefined || peak === undefined) return undefined;
  return { rssBytes: rss * 1024, peakBytes: peak * 1024 };
}

/**
 * Parses `/proc/<pid>/stat`. The name in parentheses may hold spaces and
 * parentheses itself, so the fields are counted from the last one.
 *
 * @returns `undefined` when it is not such a line.
 */
export function parseStat(text: string): ProcessStat | undefined {
  const end = text.lastIndexOf(")");
  const fields = text.slice(end + 1).trim().split(" ");
  const pid = parseInt(text, 10);
  // Fields are numbered from 1 in proc(5); field 3 is the first after the name.
  const field = (number: number) => Number(fields[number - 3]);
  const stat = { pid, parent: field(4), cpuTicks: field(14) + field(15) };
  return end > 0 && Object.values(stat).every(Number.isInteger)
    ? stat
    : undefined;
}

function kibibytes(text: string, name: string): number | undefined {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text);
  return match ? Number(match[1]) : undefined;
}
