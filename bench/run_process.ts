/**
 * Runs a command and tells what it took: time, CPU and memory, the last two from
 * `/proc`, so Linux only.
 *
 * @module
 */

/** What a command took. */
export interface Cost {
  seconds: number;
  /** User and system time of the process itself. */
  cpuSeconds: number;
  /** Largest resident set, as the kernel keeps it. */
  peakBytes: number;
}

/** The kernel's unit of CPU time, fixed at 100 for programs on Linux. */
const TICKS_PER_SECOND = 100;

/**
 * Runs a command to its end.
 *
 * @throws {Error} with the end of its output when it fails.
 */
export async function runProcess(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<Cost> {
  const started = performance.now();
  const child = new Deno.Command(command, {
    args,
    env,
    cwd: new URL("..", import.meta.url),
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const cost: Cost = { seconds: 0, cpuSeconds: 0, peakBytes: 0 };
  const timer = setInterval(() => sample(child.pid, cost), 10);
  try {
    const { code, stdout, stderr } = await child.output();
    cost.seconds = (performance.now() - started) / 1000;
    if (code !== 0) {
      const text = new TextDecoder();
      const output = `${text.decode(stdout)}${text.decode(stderr)}`.trim();
      throw new Error(
        `${command} ${args.join(" ")} failed: ${output.slice(-500)}`,
      );
    }
  } finally {
    clearInterval(timer);
  }
  return cost;
}

function sample(pid: number, cost: Cost): void {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    if (peak !== undefined) cost.peakBytes = Number(peak) * 1024;
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The name, in parentheses, may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    cost.cpuSeconds = (Number(fields[11]) + Number(fields[12])) /
      TICKS_PER_SECOND;
  } catch {
    // It has ended; the last sample stands.
  }
}
