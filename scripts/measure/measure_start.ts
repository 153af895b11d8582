/**
 * How long containers take to their first good answer. Variants take turns, so
 * that what else happens on the machine hits all alike.
 *
 * @module
 */
import type { Engine } from "../model.ts";
import type { Distribution } from "../schema.ts";
import type { Contract } from "./contract_schema.ts";
import { readProcess } from "./read_process.ts";
import { runService } from "./run_service.ts";
import { servicePort } from "./service_port.ts";
import { distribution, median } from "./statistics.ts";

/** A variant's image, and where it listens. */
export interface StartImage {
  name: string;
  image: string;
  /** Port inside; absent: the contract's, or 8080. */
  port?: number;
}

/** How the starts of one variant went. */
export interface Starts {
  /** Engine told to start it until the first good answer, in milliseconds. */
  startMs: Distribution;
  /** Median CPU time (user and system) of the service by then; absent where the process cannot be seen. */
  cpuMs?: number;
}

/** How to measure starts. */
export interface StartOptions {
  /** How many runs count, for each variant. */
  runs: number;
  contract: Contract;
  signal?: AbortSignal;
  /** Called after each run that counts; `run` counts from 1. */
  onRun?: (name: string, run: number, startMs: number) => void;
}

/**
 * Starts each variant once without counting it (files get into the page cache),
 * then `runs` times in turn.
 *
 * @returns The figures by name of variant.
 * @throws {UserError} When one of them does not start.
 */
export async function measureStarts(
  engine: Engine,
  images: readonly StartImage[],
  options: StartOptions,
): Promise<Map<string, Starts>> {
  const { runs, contract, signal, onRun } = options;
  const starts = new Map<string, number[]>();
  const cpu = new Map<string, number[]>();
  for (let run = 0; run <= runs; run++) {
    for (const { name, image, port } of images) {
      await using service = await runService({
        engine,
        image,
        port: port ?? servicePort(contract, []),
        contract,
        signal,
      });
      if (run === 0) continue;
      push(starts, name, service.readyMs);
      const process = await readProcess(service.container);
      if (process) push(cpu, name, process.cpuMs);
      onRun?.(name, run, service.readyMs);
    }
  }
  return new Map(
    Array.from(starts, ([name, samples]): [string, Starts] => {
      const cpuSamples = cpu.get(name);
      return [name, {
        startMs: distribution(samples),
        ...cpuSamples ? { cpuMs: median(cpuSamples) } : {},
      }];
    }),
  );
}

function push(map: Map<string, number[]>, key: string, value: number): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
