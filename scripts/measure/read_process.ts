/**
 * The service's process as the host sees it in `/proc`. A container's first
 * process may be a small init or a wrapper, so the largest one of its tree is
 * the service.
 *
 * @module
 */
import type { Container } from "../engine/engine.ts";
import { descendants, processes } from "../engine/processes.ts";

/** Memory of a process. */
interface ProcessMemory {
  /** Resident now (`VmRSS`). */
  rssBytes: number;
  /** Largest resident set since the program started (`VmHWM`). */
  peakBytes: number;
}

/** Figures of the service's process. */
export interface ServiceProcess extends ProcessMemory {
  pid: number;
  /** User and system time so far, in milliseconds; the kernel counts in steps of 10. */
  cpuMs: number;
}

/**
 * Reads `/proc` for the process with the largest resident set among the
 * container's main process and its descendants.
 *
 * @returns `undefined` where the host does not see the process, or it has ended.
 */
export async function readProcess(
  container: Container,
): Promise<ServiceProcess | undefined> {
  const main = await container.pid();
  return main === undefined ? undefined : await readTree(main);
}

/**
 * The largest process of a tree.
 *
 * @param root The host's id of the process at its top.
 * @returns `undefined` when none of it is there any more.
 */
export async function readTree(
  root: number,
): Promise<ServiceProcess | undefined> {
  const below = descendants(processes(), root).map(({ pid }) => pid);
  let largest: ServiceProcess | undefined;
  for (const pid of [root, ...below]) {
    const stat = parseStat(await read(`/proc/${pid}/stat`));
    const memory = parseStatus(await read(`/proc/${pid}/status`));
    if (!stat || !memory) continue;
    if (largest && largest.rssBytes >= memory.rssBytes) continue;
    const cpuMs = stat.cpuTicks * 1000 / await ticksPerSecond();
    largest = { pid, ...memory, cpuMs };
  }
  return largest;
}

async function read(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    // It has ended since it was listed.
    return "";
  }
}

let ticks: Promise<number> | undefined;

function ticksPerSecond(): Promise<number> {
  return ticks ??= readTicks();
}

async function readTicks(): Promise<number> {
  try {
    const { stdout } = await new Deno.Command("getconf", {
      args: ["CLK_TCK"],
      stderr: "null",
    }).output();
    const value = Number(new TextDecoder().decode(stdout).trim());
    if (value > 0) return value;
  } catch {
    // No getconf on this machine.
  }
  // What Linux shows to user space on every architecture that Deno runs on.
  return 100;
}

/** Times and place of a process. */
interface ProcessStat {
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
