/**
 * The processes that a killed run has left: they lead groups of their own, so
 * that nothing ends them with it.
 *
 * @module
 */
import { basename } from "node:path";
import { isLeftover } from "../lib/owner.ts";
import { ENGINES } from "./engine.ts";
import { type Process, processes, rootOf, signalProcess } from "./processes.ts";

/** How long a command may take to clean up once its service is gone. */
const CLEANS_UP_WITHIN_MS = 3000;

/**
 * The engines' commands that work for a run that is gone: their arguments name
 * its container or its tag.
 *
 * @param all As {@linkcode processes} gives them.
 * @param isGone Whether a name is that of a run that is gone.
 */
export function commandsLeft(
  all: Process[],
  isGone: (name: string) => boolean,
): number[] {
  return all.filter(({ args: [program = "", ...words] }) =>
    ENGINES.some((name) => name === basename(program)) &&
    words.some((word) => word.split(/[=,/:]/).some(isGone))
  ).map(({ pid }) => pid);
}

/** Whether a process lives in a root that lies in a folder of a gone run. */
function isServiceLeft({ pid }: Process): boolean {
  return rootOf(pid)?.split("/").some(isLeftover) ?? false;
}

/** Ends the processes that killed runs have left. */
export async function endLeftovers(): Promise<void> {
  const deadline = performance.now() + CLEANS_UP_WITHIN_MS;
  while (true) {
    const all = processes();
    const services = all.filter(isServiceLeft);
    const commands = commandsLeft(all, isLeftover);
    if (services.length + commands.length === 0) return;
    const late = performance.now() > deadline;
    for (const { pid } of services) signalProcess(pid, "SIGKILL");
    // Without its service, buildah takes its mounts away and ends by itself.
    for (const pid of commands) {
      if (late) signalProcess(pid, "SIGKILL");
      else if (services.length === 0) signalProcess(pid, "SIGTERM");
    }
    if (late) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
