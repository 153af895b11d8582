/** Which hosts Deno refuses the program, and whether it opened a connection. @module */
import type { Check } from "../report/report_schema.ts";
import type { Permissions } from "../deno_binary/program_schema.ts";
import { egressOf } from "../inspect/permissions.ts";
import { messageOf } from "../lib/errors.ts";
import { textOf } from "../lib/files.ts";
import { askOnce } from "./check_contract.ts";
import type { Contract } from "./contract_schema.ts";
import { sharesNetwork } from "./diagnose.ts";
import { CannotCheck, runCheck } from "./run_check.ts";
import type { Service } from "./run_service.ts";

const LIMIT_MS = 10_000;

/** Compares what the program is allowed, if known, with the contract's hosts. */
export function checkRefused(
  permissions: Permissions | undefined,
  { egress }: Contract,
): Check {
  const hosts = Array.isArray(egress) && egress.length > 0
    ? `all but ${egress.join(", ")}`
    : "other hosts";
  const name = `egress: its permissions refuse ${hosts}`;
  const skip = (detail: string): Check => ({ name, status: "skip", detail });
  if (egress === undefined) return skip("the contract states no egress");
  if (egress === "any") {
    return skip(
      "the contract lets it reach any host, so there is none to refuse",
    );
  }
  if (permissions === undefined) {
    return skip(
      "they are neither in a program of deno compile nor flags of deno run",
    );
  }
  const ways = egressOf(permissions, egress);
  return ways.length === 0
    ? { name, status: "pass" }
    : { name, status: "fail", detail: `it may reach ${ways.join("; ")}` };
}

/** What the kernel has counted in a container's network, after all other requests. */
export function checkNothingOpened(
  { container, url }: Pick<Service, "container" | "url">,
  { egress, healthPath: path }: Contract,
  signal?: AbortSignal,
): Promise<Check> {
  const name = "egress: it opened no connection while it served";
  return runCheck(name, LIMIT_MS, signal, async (signal) => {
    if (egress === undefined) {
      throw new CannotCheck("the contract states no egress");
    }
    if (egress.length > 0) {
      throw new CannotCheck(
        "the contract lets it open some, which are not told from others",
      );
    }
    const pid = await container.pid();
    if (pid === undefined) {
      throw new CannotCheck("this machine does not see the process");
    }
    const counts = await readNetworkCounts(pid);
    await askOnce(url, { method: "GET", path }, signal);
    return wrongWith(counts, await readNetworkCounts(pid));
  });
}

/** What is wrong with the counts, unless a request from outside adds to them. */
export function wrongWith(
  counts: NetworkCounts,
  after: NetworkCounts,
): string[] {
  if (after.opened !== counts.opened) {
    throw new CannotCheck(
      "the engine hands requests on from within the container's network, which counts as well",
    );
  }
  const { opened, datagrams, loopbackPackets } = counts;
  if (opened + datagrams === 0) return [];
  if (loopbackPackets > 0) {
    throw new CannotCheck(
      "it talks to itself, and the kernel's counters do not say what left",
    );
  }
  return [`it opened ${opened} connections and sent ${datagrams} datagrams`];
}

/** Counts since the namespace was made. */
export interface NetworkCounts {
  /** TCP connections opened from within (`ActiveOpens` of RFC 4022), also in vain. */
  opened: number;
  /** UDP datagrams sent, over IPv4 and IPv6. */
  datagrams: number;
  /** Packets over loopback, where a program talks to itself. */
  loopbackPackets: number;
}

/** @throws {CannotCheck} When it has no namespace of its own, or is not ours to see. */
export async function readNetworkCounts(pid: number): Promise<NetworkCounts> {
  try {
    if (await sharesNetwork(pid)) {
      throw new CannotCheck(
        "it shares this machine's network, whose counters are not its own",
      );
    }
    const [snmp, snmp6, devices] = await Promise.all(
      ["snmp", "snmp6", "dev"].map((name) =>
        textOf(`/proc/${pid}/net/${name}`)
      ),
    );
    return parseNetworkCounts({ snmp, snmp6, devices });
  } catch (error) {
    if (error instanceof CannotCheck) throw error;
    throw new CannotCheck(`its counters cannot be read: ${messageOf(error)}`);
  }
}

/** Parses files of `/proc/<pid>/net`; `snmp6` is empty without IPv6. */
export function parseNetworkCounts(
  files: { snmp: string; snmp6: string; devices: string },
): NetworkCounts {
  const udp6 = /^Udp6OutDatagrams\s+(\d+)$/m.exec(files.snmp6);
  // Received bytes, received packets.
  const loopback = /^\s*lo:\s*\d+\s+(\d+)/m.exec(files.devices);
  return {
    opened: counter(files.snmp, "Tcp", "ActiveOpens"),
    datagrams: counter(files.snmp, "Udp", "OutDatagrams") +
      Number(udp6?.[1] ?? 0),
    loopbackPackets: Number(loopback?.[1] ?? 0),
  };
}

/** The names are in one line, their values in the next of the same start. */
function counter(snmp: string, protocol: string, name: string): number {
  const [names, values] = snmp.split("\n")
    .filter((line) => line.startsWith(`${protocol}: `))
    .map((line) => line.split(" "));
  const value = Number(values?.[names.indexOf(name)]);
  if (!Number.isInteger(value)) {
    throw new SyntaxError(`Cannot find ${protocol} ${name}`);
  }
  return value;
}
