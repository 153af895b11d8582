/**
 * Proves that there is no way out: that Deno refuses the program every host it
 * is not meant to talk to, and that while it was proven it opened nothing.
 *
 * @module
 */
import type { Container } from "../engine/engine.ts";
import type { Check } from "../report/report_schema.ts";
import type { Permissions } from "../deno_binary/program_schema.ts";
import { egressOf } from "../inspect/permissions.ts";
import type { Contract } from "./contract_schema.ts";
import { HttpConnection } from "./http_client.ts";
import { type NetworkCounts, readNetworkCounts } from "./network_counts.ts";
import { CannotProve, runProof } from "./run_proof.ts";
import { urlOf } from "./url_of.ts";

/** Milliseconds that the counters may take to be read, a request included. */
const LIMIT_MS = 10_000;
const NOT_STATED = "the contract states no egress";

/**
 * Holds what the program is allowed to the hosts that the contract states.
 *
 * @param permissions As read from the image; absent if it could not be told.
 */
export function proveRefused(
  permissions: Permissions | undefined,
  { egress }: Contract,
): Check {
  const hosts = egress?.length ? `all but ${egress.join(", ")}` : "other hosts";
  const name = `no way out: its permissions refuse ${hosts}`;
  if (egress === undefined) return { name, status: "skip", detail: NOT_STATED };
  if (permissions === undefined) {
    const detail =
      "they are neither in a program of deno compile nor flags of deno run";
    return { name, status: "skip", detail };
  }
  const ways = egressOf(permissions, egress);
  return ways.length === 0
    ? { name, status: "pass" }
    : { name, status: "fail", detail: `it may reach ${ways.join("; ")}` };
}

/**
 * Looks, after all other requests, at what the kernel has counted in the network
 * namespace of a container: the connections that were opened from within, and
 * the datagrams that were sent.
 *
 * @param container Has served; nothing else was started in it.
 */
export function proveNothingOpened(
  container: Container,
  contract: Contract,
  options: { signal?: AbortSignal } = {},
): Promise<Check> {
  const name = "no way out: it opened no connection while it served";
  return runProof(name, LIMIT_MS, options.signal, async (signal) => {
    if (contract.egress === undefined) throw new CannotProve(NOT_STATED);
    if (contract.egress.length > 0) {
      throw new CannotProve("the contract lets it open some");
    }
    const pid = await container.pid();
    if (pid === undefined) {
      throw new CannotProve("this machine does not see the process");
    }
    const counts = await readNetworkCounts(pid);
    await askOnce(urlOf(container), contract, signal);
    const after = await readNetworkCounts(pid);
    return wrongWith(counts, after);
  });
}

/**
 * What is wrong with the counts.
 *
 * @param counts What was counted until now.
 * @param after The same after one request from outside.
 * @throws {CannotProve} When others than the program are among them.
 */
export function wrongWith(
  counts: NetworkCounts,
  after: NetworkCounts,
): string[] {
  if (after.opened !== counts.opened) {
    throw new CannotProve(
      "the engine hands requests on from within the container's network, which counts as well",
    );
  }
  const { opened, datagrams, loopbackPackets } = counts;
  if (opened + datagrams === 0) return [];
  if (loopbackPackets > 0) {
    throw new CannotProve(
      "it talks to itself, and the kernel's counters do not say what left",
    );
  }
  return [`it opened ${opened} connections and sent ${datagrams} datagrams`];
}

async function askOnce(
  url: string,
  { healthPath }: Contract,
  signal: AbortSignal,
): Promise<void> {
  using connection = await HttpConnection.open(url, signal);
  await connection.request({ path: healthPath });
}
