/**
 * Start, memory and the memory floor of every variant that serves.
 *
 * @module
 */
import { formatBytes } from "../format.ts";
import type { Io } from "../io.ts";
import { measureMemory } from "../measure/measure_memory.ts";
import { measureStarts } from "../measure/measure_start.ts";
import { memoryFloor } from "../measure/memory_floor.ts";
import { runService, type Target } from "../measure/run_service.ts";
import type { Say } from "../progress.ts";
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
    const memory = await io.progress.step(
      `Weigh the memory of ${name}`,
      () => weigh(target, io.signal),
    );
    const lowest = floor
      ? await io.progress.step(
        `Find the memory floor of ${name}`,
        (say) => findFloor(target, say),
      )
      : {};
    measured.set(name, {
      ...starts.get(name),
      ...memory,
      ...lowest,
      notes: [...memory.notes ?? [], ...lowest.notes ?? []],
    });
  }
  return measured;
}

async function weigh(target: Target, signal: AbortSignal): Promise<Measured> {
  await using service = await runService(target);
  const { container } = service;
  const memory = await measureMemory(container, target.contract, { signal });
  return memory === undefined
    ? { notes: ["memory: the host cannot see the service's process"] }
    : { memoryBytes: memory };
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
