/**
 * The memory floor: the smallest memory limit under which the image still serves
 * a burst at half its free speed or better, and stops cleanly on SIGTERM. It is
 * what to write into a manifest, plus some room.
 *
 * @module
 */
import { UserError } from "../errors.ts";
import { bisect } from "./bisect.ts";
import type { BurstResult } from "./burst.ts";
import { contractBurst } from "./contract_burst.ts";
import { endOf, GRACE_MS } from "./end_of.ts";
import { runService, type Service, type Target } from "./run_service.ts";

const MIB = 1 << 20;
/** Steps in which limits are tried. */
const RESOLUTION = 4 * MIB;
/** Bursts per start: the first warms the program up, and the best one counts. */
const BURSTS = 3;

/** The floor, or why there is none. */
export type MemoryFloor = { bytes: number } | { skipped: string };

/** Between which limits to look. */
export interface MemoryFloorOptions {
  /** 16 MiB unless told. */
  lowerBytes?: number;
  /** 512 MiB unless told. */
  upperBytes?: number;
  /** Called with each limit tried and whether it was enough. */
  onTry?: (bytes: number, enough: boolean) => void;
}

/**
 * Finds the floor by halving, in steps of 4 MiB. Its speed without a limit is
 * taken first: the best of three bursts, there as under a limit.
 *
 * @param target The image; its contract states the burst.
 * @returns The floor, or the reason why it could not be found.
 * @throws {UserError} When the image does not even start without a limit.
 */
export async function memoryFloor(
  target: Target,
  options: MemoryFloorOptions = {},
): Promise<MemoryFloor> {
  const { engine, signal } = target;
  const { lowerBytes = 16 * MIB, upperBytes = 512 * MIB, onTry } = options;
  const reason = engine.cannot.memoryBytes;
  if (reason !== undefined) return { skipped: reason };

  const free = await measureFree(target);
  const bytes = await bisect(async (memoryBytes) => {
    const enough = await isEnough(target, memoryBytes, free);
    onTry?.(memoryBytes, enough);
    return enough;
  }, { lower: lowerBytes, upper: upperBytes, resolution: RESOLUTION, signal });
  return bytes === undefined
    ? { skipped: `it does not serve within ${upperBytes / MIB} MiB` }
    : { bytes };
}

interface Free {
  readyMs: number;
  perSecond: number;
  burstMs: number;
}

async function measureFree(target: Target): Promise<Free> {
  await using service = await runService(target);
  let best: BurstResult | undefined;
  for (let run = 0; run < BURSTS; run++) {
    const result = await contractBurst(
      service.container,
      target.contract,
      60_000,
      target.signal,
    );
    if (!best || result.perSecond > best.perSecond) best = result;
  }
  return {
    readyMs: service.readyMs,
    perSecond: best?.perSecond ?? 0,
    burstMs: best?.elapsedMs ?? 0,
  };
}

async function isEnough(
  target: Target,
  memoryBytes: number,
  free: Free,
): Promise<boolean> {
  const { contract, signal } = target;
  // One that thrashes may never be ready; ten times as slow is slow enough.
  const readyTimeoutMs = Math.min(
    contract.readyTimeoutMs,
    Math.ceil(2000 + 10 * free.readyMs),
  );
  try {
    await using service = await runService(
      { ...target, contract: { ...contract, readyTimeoutMs } },
      { memoryBytes },
    );
    if (!await servesAtHalfSpeed(target, service, free)) return false;
    const wrong = await endOf(service.container, "SIGTERM", {
      exitCode: contract.stop.exitCode,
      withinMs: GRACE_MS,
      signal,
    });
    return wrong.length === 0;
  } catch (error) {
    signal?.throwIfAborted();
    // It did not start, or the engine would not start it with so little.
    if (error instanceof UserError) return false;
    throw error;
  }
}

async function servesAtHalfSpeed(
  target: Target,
  service: Service,
  free: Free,
): Promise<boolean> {
  for (let run = 0; run < BURSTS; run++) {
    const result = await contractBurst(
      service.container,
      target.contract,
      2 * free.burstMs,
      target.signal,
    );
    if (result.failed > 0) return false;
    if (result.complete && result.perSecond >= free.perSecond / 2) return true;
  }
  return false;
}
