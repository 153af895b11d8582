/**
 * Resident memory of the service: idle after start, and after a burst.
 *
 * @module
 */
import { burst } from "../check/burst.ts";
import type { Contract } from "../check/contract_schema.ts";
import { readProcess, type ServiceProcess } from "./read_process.ts";
import type { Service } from "../check/run_service.ts";
import { sleep } from "../check/time_limit.ts";

/** Resident memory of the service's process, in bytes. */
export interface Memory {
  idle: number;
  loaded: number;
  peak: number;
}

/** Milliseconds between two looks at a process that settles. */
const LOOK_MS = 100;
/** It has settled when so many looks in a row differ by less than 1 %. */
const LOOKS = 4;
/** After so many looks the last one counts. */
const MAX_LOOKS = 40;
/** The burst is cut off after so many milliseconds. */
const BURST_MS = 30_000;

/**
 * Measures a container that serves and has had no load yet. "Idle" and "loaded"
 * are read once the resident set has settled: {@linkcode settle}.
 *
 * @param service Is ready.
 * @param contract States the burst.
 * @returns `undefined` where the host does not see the process.
 */
export async function measureMemory(
  { container, url }: Pick<Service, "container" | "url">,
  contract: Contract,
  signal?: AbortSignal,
): Promise<Memory | undefined> {
  const read = () => readProcess(container);
  const idle = await settle(read, (ms) => sleep(ms, signal));
  if (!idle) return undefined;
  await burst(url, contract, BURST_MS, signal);
  const loaded = await settle(read, (ms) => sleep(ms, signal));
  if (!loaded) return undefined;
  return {
    idle: idle.rssBytes,
    loaded: loaded.rssBytes,
    peak: loaded.peakBytes,
  };
}

/**
 * Looks at a process every 100 ms until four looks in a row lie within 1 % of
 * each other, at most 40 times.
 *
 * @param read Reads the process.
 * @param wait Waits for so many milliseconds.
 * @returns The last look; `undefined` once the process is not there.
 */
export async function settle(
  read: () => Promise<ServiceProcess | undefined>,
  wait: (milliseconds: number) => Promise<void>,
): Promise<ServiceProcess | undefined> {
  const looks: number[] = [];
  for (;;) {
    const process = await read();
    if (!process) return undefined;
    looks.push(process.rssBytes);
    const recent = looks.slice(-LOOKS);
    const spread = Math.max(...recent) - Math.min(...recent);
    const settled = recent.length === LOOKS &&
      spread <= process.rssBytes / 100;
    if (settled || looks.length === MAX_LOOKS) return process;
    await wait(LOOK_MS);
  }
}
