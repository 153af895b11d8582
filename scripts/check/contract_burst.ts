/**
 * The burst that a contract states.
 *
 * @module
 */
import type { Container } from "../engine/engine.ts";
import { burst, type BurstResult } from "./burst.ts";
import type { Contract } from "./contract_schema.ts";
import { urlOf } from "./url_of.ts";

/**
 * Sends the contract's burst to a container.
 *
 * @param container Runs and is ready.
 * @param contract Its burst; any status will do on a path of its own.
 * @param timeLimitMs The burst is cut off after so many milliseconds.
 */
export function contractBurst(
  container: Container,
  contract: Contract,
  timeLimitMs: number,
  signal?: AbortSignal,
): Promise<BurstResult> {
  const { path, requests, connections } = contract.burst;
  return burst(urlOf(container), {
    path: path ?? contract.healthPath,
    status: path === undefined ? contract.healthStatus : "any",
    requests,
    connections,
    timeLimitMs,
    signal,
  });
}
