/**
 * Which port of an image to talk to.
 *
 * @module
 */
import type { Contract } from "./contract_schema.ts";

/**
 * The port that a service listens on inside its container.
 *
 * @param contract Its `port` comes first.
 * @param exposedPorts The image's exposed ports, as `8080/tcp`.
 * @returns The contract's port, else the only or lowest exposed TCP port, else 8080.
 */
export function servicePort(
  contract: Pick<Contract, "port">,
  exposedPorts: readonly string[],
): number {
  if (contract.port !== undefined) return contract.port;
  const ports = exposedPorts
    .map((text) => /^(\d+)(?:\/tcp)?$/.exec(text)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number);
  return ports.length > 0 ? Math.min(...ports) : 8080;
}
