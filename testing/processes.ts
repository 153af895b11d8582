/**
 * Whether processes that tests have started are gone.
 *
 * @module
 */

/** Whether a process is there and not a zombie. */
export function lives(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

/** Waits until a process is gone: its pipes close a little before it ends. */
export async function ending(...pids: number[]): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (pids.some(lives)) {
    if (performance.now() > deadline) throw new Error(`${pids} did not end`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
