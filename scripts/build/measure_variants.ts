/**
 * Start, memory and the memory floor of every variant that serves.
 *
 * @module
 */
import { EXIT, UserError } from "../lib/errors.ts";
import { formatBytes } from "../lib/format.ts";
import type { Io } from "../lib/io.ts";
import { measureMemory } from "../measure/measure_memory.ts";
import { measureStarts } from "../measure/measure_start.ts";
import { memoryFloor } from "../measure/memory_floor.ts";
import { failureOf } from "../check/run_check.ts";
import { runService, type Target } from "../check/run_service.ts";
import { sleep } from "../check/time_limit.ts";
import type { Say } from "../lib/progress.ts";
import type { Variant } from "../report/report_schema.ts";

/** An engine tells within so many milliseconds that a container has ended. */
const ENDED_MS = 2000;

/** The figures that running a variant gives. */
export type Measured = Pick<
  Variant,
  | "startMs"
  | "processStartMs"
  | "cpuMs"
  | "memoryBytes"
  | "memoryFloorBytes"
  | "notes"
  /** A check that failed, when one did not serve while it was measured. */
  | "hardening"
>;

/**
 * Measures every variant, starts alternating between them.
 *
 * @param targets The variants that hold their contract, by name.
 * @param options How many starts count for each, and whether to find the floor.
 */
export async function measureVariants(
  targets: Map<string, Target>,
  options: { runs: number; floor: boolean; io: Io },
): Promise<Map<string, Measured>> {
  const { runs, floor, io } = options;
  const measured = new Map<string, Measured>();
  const [first] = targets.values();
  if (first === undefined) return measured;
  const { starts, failed } = await io.progress.step(
    `Time ${runs} starts of each`,
    async (say) =>
      await measureStarts(
        first.engine,
        Array.from(
          targets,
          ([name, { image, port }]) => ({ name, image, port }),
        ),
        {
          runs,
          contract: first.contract,
          signal: io.signal,
          onRun: (name, run, ms) =>
            say(`${name}, run ${run}: ${Math.round(ms)} ms`),
        },
      ),
  );
  for (const [name, target] of targets) {
    const failure = failed.get(name);
    if (failure) {
      measured.set(name, notServed(failure));
      continue;
    }
    try {
      measured.set(name, {
        ...starts.get(name),
        ...await further(name, target),
      });
    } catch (error) {
      measured.set(name, notServed(failureOf(error, io.signal)));
    }
  }
  return measured;

  async function further(name: string, target: Target): Promise<Measured> {
    const memory = await io.progress.step(
      `Measure the memory of ${name}`,
      () => takeMemory(target, io.signal),
    );
    const lowest = floor
      ? await io.progress.step(
        `Find the memory floor of ${name}`,
        (say) => findFloor(target, say),
      )
      : {};
    return {
      ...memory,
      ...lowest,
      notes: [
        ...starts.get(name)?.processStartMs === undefined
          ? ["process: the engine's clock is not this machine's"]
          : [],
        ...memory.notes ?? [],
        ...lowest.notes ?? [],
      ],
    };
  }
}

/** The others' figures are kept; the check says what became of this one's. */
function notServed({ message, output }: UserError): Measured {
  const detail = [message, output].filter(Boolean).join("\n");
  return {
    hardening: [{
      name: "serves while measured",
      kind: "measured",
      status: "fail",
      detail,
    }],
  };
}

async function takeMemory(
  target: Target,
  signal: AbortSignal,
): Promise<Measured> {
  await using service = await runService(target);
  const { container } = service;
  const memory = await measureMemory(service, target.contract, signal);
  if (memory !== undefined) return { memoryBytes: memory };
  const code = await Promise.race([container.exited, sleep(ENDED_MS, signal)]);
  if (code === undefined) {
    return { notes: ["memory: the host cannot see the service's process"] };
  }
  throw new UserError(
    `The container ended with exit code ${code} while it was measured`,
    {
      next: "Run the image by hand to look closer",
      exitCode: EXIT.checkFailed,
      output: await container.logs(),
    },
  );
}

async function findFloor(target: Target, say: Say): Promise<Measured> {
  const floor = await memoryFloor(target, {
    onTry: (bytes, enough) =>
      say(`${formatBytes(bytes)} ${enough ? "is enough" : "is too little"}`),
  });
  if ("skipped" in floor) return { notes: [`memory floor: ${floor.skipped}`] };
  return {
    memoryFloorBytes: floor.bytes,
    notes: floor.note === undefined ? [] : [`memory floor: ${floor.note}`],
  };
}
