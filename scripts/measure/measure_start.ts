/**
 * How long containers take to their first good answer. Variants take turns, so
 * that what else happens on the machine hits all alike.
 *
 * @module
 */
import type { UserError } from "../lib/errors.ts";
import type { Engine } from "../engine/engine.ts";
import type { Distribution } from "../report/report_schema.ts";
import type { Contract } from "../check/contract_schema.ts";
import { failureOf } from "../check/run_check.ts";
import { readProcess } from "./read_process.ts";
import { runService, type Service } from "../check/run_service.ts";
import { servicePort } from "../check/contract_schema.ts";
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
  /** From the program's own start to the same answer; absent where the engine cannot tell. */
  processStartMs?: Distribution;
  /** Median CPU time (user and system) of the service by then; absent where the process cannot be seen. */
  cpuMs?: number;
}

/** How the starts of all variants went, each in one of the two, by its name. */
export interface AllStarts {
  starts: Map<string, Starts>;
  /** Why one of a variant's starts failed. */
  failed: Map<string, UserError>;
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
 * @returns The figures; a variant that does not start keeps the others going.
 * @throws {UserError} When it is the environment that failed.
 */
export async function measureStarts(
  engine: Engine,
  images: readonly StartImage[],
  options: StartOptions,
): Promise<AllStarts> {
  const { runs, contract, signal, onRun } = options;
  const taken = new Map<string, number[]>();
  const ofProcess = new Map<string, number[]>();
  const cpu = new Map<string, number[]>();
  const failed = new Map<string, UserError>();
  for (let run = 0; run <= runs; run++) {
    for (const { name, image, port } of images) {
      if (failed.has(name)) continue;
      try {
        await using service = await runService({
          engine,
          image,
          port: port ?? servicePort(contract, []),
          contract,
          signal,
        });
        if (run === 0) continue;
        push(taken, name, service.readyMs);
        const share = await processShare(service);
        if (share !== undefined) push(ofProcess, name, share);
        const process = await readProcess(service.container);
        if (process) push(cpu, name, process.cpuMs);
        onRun?.(name, run, service.readyMs);
      } catch (error) {
        failed.set(name, failureOf(error, signal));
      }
    }
  }
  const starts = new Map<string, Starts>();
  for (const [name, samples] of taken) {
    if (failed.has(name)) continue;
    const cpuSamples = cpu.get(name);
    const shares = ofProcess.get(name);
    starts.set(name, {
      startMs: distribution(samples),
      ...shares ? { processStartMs: distribution(shares) } : {},
      ...cpuSamples ? { cpuMs: median(cpuSamples) } : {},
    });
  }
  return { starts, failed };
}

/** Milliseconds of a start that were the program's, not the engine's. */
async function processShare(
  { container, readyMs }: Service,
): Promise<number | undefined> {
  const startedAt = await container.processStartedAt();
  if (startedAt === undefined) return undefined;
  const share = container.startedAt + readyMs - startedAt;
  // Else a clock was set meanwhile, or the engine noticed it too late.
  return share > 0 && share <= readyMs ? share : undefined;
}

function push(map: Map<string, number[]>, key: string, value: number): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
