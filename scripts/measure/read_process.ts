/**
 * The service's process as the host sees it in `/proc`. A container's first
 * process may be a small init or a wrapper, so the largest one of its tree is
 * the service.
 *
 * @module
 */
import type { Container } from "../engine/engine.ts";
import { descendants, processes } from "../engine/processes.ts";

/** Figures of the service's process. */
export interface ServiceProcess {
  pid: number;
  /** Resident now (`VmRSS`). */
  rssBytes: number;
  /** Largest resident set since the program started (`VmHWM`). */
  peakBytes: number;
  /** User and system time so far, in milliseconds; the kernel counts in steps of 10. */
  cpuMs: number;
}

/** The container's service, unless the host does not see it or it has ended. */
export async function readProcess(
  container: Container,
): Promise<ServiceProcess | undefined> {
  const main = await container.pid();
  return main === undefined ? undefined : await readTree(main);
}

/** The process with the largest resident set of a tree, by the id of its top. */
export async function readTree(
  root: number,
): Promise<ServiceProcess | undefined> {
  const below = descendants(processes(), root).map(({ pid }) => pid);
  let largest: ServiceProcess | undefined;
  for (const pid of [root, ...below]) {
    const ticks = parseStat(await read(`/proc/${pid}/stat`));
    const memory = parseStatus(await read(`/proc/${pid}/status`));
    if (ticks === undefined || !memory) continue;
    if (largest && largest.rssBytes >= memory.rssBytes) continue;
    const cpuMs = ticks * 1000 / await ticksPerSecond();
    largest = { pid, ...memory, cpuMs };
  }
  return largest;
}

/** Nothing of one that has ended since it was listed. */
function read(path: string): Promise<string> {
  return Deno.readTextFile(path).catch(() => "");
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

/** Memory, from `/proc/<pid>/status`; a kernel thread and a zombie have none. */
export function parseStatus(
  text: string,
): Pick<ServiceProcess, "rssBytes" | "peakBytes"> | undefined {
  const bytes = (name: string) => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text);
    return match ? Number(match[1]) * 1024 : undefined;
  };
  const rssBytes = bytes("VmRSS");
  const peakBytes = bytes("VmHWM");
  return rssBytes === undefined || peakBytes === undefined
    ? undefined
    : { rssBytes, peakBytes };
}

/**
 * User and system time, in clock ticks, from `/proc/<pid>/stat`. The name in
 * parentheses may hold such itself, so fields are counted from the last one.
 */
export function parseStat(text: string): number | undefined {
  const end = text.lastIndexOf(")");
  const fields = text.slice(end + 1).trim().split(" ");
  // Fields are numbered from 1 in proc(5); field 3 is the first after the name.
  const ticks = Number(fields[14 - 3]) + Number(fields[15 - 3]);
  return end > 0 && Number.isInteger(ticks) ? ticks : undefined;
}
