/**
 * The processes of this host, as `/proc` tells them: an engine that starts a
 * service behind wrappers does not say which process is the service. @module
 */
import { basename } from "node:path";
import { signalProcess } from "../lib/command.ts";
import { isLeftover } from "../lib/owner.ts";
import { ENGINES } from "./engine.ts";

interface Process {
  pid: number;
  parent: number;
  /** Its command line; empty for a zombie. */
  args: string[];
}

export function processes(): Process[] {
  const read = (pid: number) => {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The name may hold spaces and parentheses: fields count from its end.
    const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const line = Deno.readTextFileSync(`/proc/${pid}/cmdline`);
    const args = line === "" ? [] : line.replace(/\0$/, "").split("\0");
    return { pid, parent: Number(parent), args };
  };
  return processIds().flatMap((pid) => ifThere(() => read(pid)) ?? []);
}

function processIds(): number[] {
  const entries = ifThere(() => [...Deno.readDirSync("/proc")]) ?? [];
  return entries.map(({ name }) => Number(name)).filter(Number.isInteger);
}

/** Nothing of a process that has ended meanwhile, or is not ours to look at. */
function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** All that descend from a process, itself left out, parents before children. */
export function descendants(all: Process[], root: number): Process[] {
  const found = all.filter(({ parent }) => parent === root);
  // Those that are added are gone through as well.
  for (const { pid } of found) {
    found.push(...all.filter(({ parent }) => parent === pid));
  }
  return found;
}

/** buildah starts services with it, in their root. */
export function isWrapper({ args }: Process): boolean {
  return args[0] === "buildah-chroot-exec";
}

/**
 * The main process of a service that `buildah run` with chroot isolation started:
 * the child of its last wrapper, once it has become the service.
 */
export function serviceOf(all: Process[], run: number): number | undefined {
  const below = descendants(all, run);
  const wrappers = new Set(below.filter(isWrapper).map(({ pid }) => pid));
  return below.find(({ pid, parent, args }) =>
    wrappers.has(parent) && !wrappers.has(pid) && args.length > 0
  )?.pid;
}

/** The processes whose root is in a folder: also what has left its parents. */
export function inRootBelow(folder: string): number[] {
  return processIds().filter((pid) => rootOf(pid)?.startsWith(`${folder}/`));
}

/** As a path of this host. */
export function rootOf(pid: number): string | undefined {
  return ifThere(() => Deno.readLinkSync(`/proc/${pid}/root`));
}

/** @param id A container's, which is a part of its control group's name. */
export function isInGroup(pid: number, id: string): boolean {
  const groups = ifThere(() => Deno.readTextFileSync(`/proc/${pid}/cgroup`));
  return groups?.includes(id) ?? false;
}

export function killGroup(id: string): void {
  for (const pid of processIds()) {
    if (isInGroup(pid, id)) signalProcess(pid, "SIGKILL");
  }
}

/** For a command to clean up once its service is gone. */
const CLEANS_UP_WITHIN_MS = 3000;

/** The engines' commands whose arguments name a container or tag of a gone run. */
export function commandsLeft(
  all: Process[],
  isGone: (name: string) => boolean,
): Process[] {
  return all.filter(({ args: [program = "", ...words] }) =>
    ENGINES.some((name) => name === basename(program)) &&
    words.some((word) => word.split(/[=,/:]/).some(isGone))
  );
}

function leftovers() {
  const all = processes();
  const isLeft = ({ pid }: Process) =>
    rootOf(pid)?.split("/").some(isLeftover) ?? false;
  return {
    services: all.filter(isLeft),
    commands: commandsLeft(all, isLeftover),
  };
}

/** Finds the processes that killed runs have left, and ends them if told to. */
export async function sweepProcesses(
  { remove }: { remove: boolean },
): Promise<string[]> {
  const found = leftovers();
  let { services, commands } = found;
  const deadline = performance.now() + CLEANS_UP_WITHIN_MS;
  while (remove && services.length + commands.length > 0) {
    const late = performance.now() > deadline;
    for (const { pid } of services) signalProcess(pid, "SIGKILL");
    // Without its service, buildah takes its mounts away and ends by itself.
    for (const { pid } of commands) {
      if (late) signalProcess(pid, "SIGKILL");
      else if (services.length === 0) signalProcess(pid, "SIGTERM");
    }
    if (late) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
    ({ services, commands } = leftovers());
  }
  // Further arguments may hold what is secret.
  return [
    ...found.services.map(({ pid, args }) => `${pid} ${args[0] ?? ""}`),
    ...found.commands.map(({ pid, args }) =>
      `${pid} ${args.slice(0, 2).join(" ")}`
    ),
  ];
}
