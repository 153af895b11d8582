/**
 * Start, memory and the memory floor of every variant that serves.
 *
 * @module
 */
import type { Io } from "../io.ts";
import { measureMemory, type Memory } from "../measure/measure_memory.ts";
import { measureStarts } from "../measure/measure_start.ts";
import { memoryFloor } from "../measure/memory_floor.ts";
import { runService, type Target } from "../measure/run_service.ts";
import type { Variant } from "../schema.ts";

/** The figures that running a variant gives. */
export type Measured = Pick<
  Variant,
  "startMs" | "cpuMs" | "memoryBytes" | "memoryFloorBytes" | "notes"
>;

/**
 * Measures every variant, starts alternating between them.
 *
 * @param targets The variants that hold their contract, by name.
 * @param options How many starts count for each.
 */
export async function measureVariants(
  targets: Map<string, Target>,
  { runs, io }: { runs: number; io: Io },
): Promise<Map<string, Measured>> {
  const measured = new Map<string, Measured>();
  const [first] = targets.values();
  if (first === undefined) return measured;
  const starts = await io.progress.step(
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
    measured.set(name, {
      ...starts.get(name),
      ...await io.progress.step(
        `Weigh the memory of ${name}`,
        async () => await weigh(target, io),
      ),
    });
  }
  return measured;
}

async function weigh(target: Target, io: Io): Promise<Measured> {
  const notes: string[] = [];
  const memory = await weighRunning(target, io.signal);
  if (memory === undefined) {
    notes.push("memory: the host cannot see the service's process");
  }
  const floor = await memoryFloor(target);
  if ("bytes" in floor) {
    return { memoryBytes: memory, memoryFloorBytes: floor.bytes, notes };
  }
  return {
    memoryBytes: memory,
    notes: [...notes, `memory floor: ${floor.skipped}`],
  };
}

async function weighRunning(
  target: Target,
  signal: AbortSignal,
): Promise<Memory | undefined> {
  await using service = await runService(target);
  return await measureMemory(service.container, target.contract, { signal });
}
