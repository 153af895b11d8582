/**
 * What the kernel counts in the network namespace of a process.
 *
 * @module
 */
import { messageOf } from "../lib/errors.ts";
import { CannotProve } from "./run_proof.ts";

/** Counts since the namespace was made. */
export interface NetworkCounts {
  /** TCP connections opened from within (`ActiveOpens` of RFC 4022), also in vain. */
  opened: number;
  /** UDP datagrams sent, over IPv4 and IPv6. */
  datagrams: number;
  /** Packets over loopback, where a program talks to itself. */
  loopbackPackets: number;
}

/**
 * Reads the counts.
 *
 * @param pid The host's id of a process in the namespace.
 * @throws {CannotProve} When it has no namespace of its own, or is not ours to see.
 */
export async function readNetworkCounts(pid: number): Promise<NetworkCounts> {
  try {
    const [own, its] = await Promise.all(
      ["self", pid].map((id) => Deno.readLink(`/proc/${id}/ns/net`)),
    );
    if (own === its) {
      throw new CannotProve(
        "it shares this machine's network, whose counters are not its own",
      );
    }
    const [snmp, snmp6, devices] = await Promise.all(
      ["snmp", "snmp6", "dev"].map((name) => read(`/proc/${pid}/net/${name}`)),
    );
    return parseNetworkCounts({ snmp, snmp6, devices });
  } catch (error) {
    if (error instanceof CannotProve) throw error;
    throw new CannotProve(`its counters cannot be read: ${messageOf(error)}`);
  }
}

/**
 * Parses files of `/proc/<pid>/net`.
 *
 * @param files `snmp`, `snmp6` (empty without IPv6) and `dev`.
 * @throws {SyntaxError} When a counter is not there.
 */
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

async function read(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && path.endsWith("snmp6")) {
      return ""; // No IPv6 on this machine.
    }
    throw error;
  }
}
