import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { parseNetworkCounts, readNetworkCounts } from "./network_counts.ts";
import { CannotProve } from "./run_proof.ts";

const SNMP = `Ip: Forwarding DefaultTTL
Ip: 1 64
Tcp: RtoAlgorithm MaxConn ActiveOpens PassiveOpens
Tcp: 1 -1 3 17
Udp: InDatagrams NoPorts InErrors OutDatagrams
Udp: 9 0 0 2
UdpLite: InDatagrams NoPorts InErrors OutDatagrams
UdpLite: 7 7 7 7
`;
const SNMP6 =
  "Ip6InReceives                   \t4\nUdp6OutDatagrams                \t5\n";
const DEVICES = `Inter-|   Receive                |  Transmit
 face |bytes    packets errs drop|bytes packets
    lo:     120       6    0    0     120       6
  eth0:     120      99    0    0     120      99
`;

Deno.test("parseNetworkCounts() finds the counters by their names", () => {
  assertEquals(
    parseNetworkCounts({ snmp: SNMP, snmp6: SNMP6, devices: DEVICES }),
    { opened: 3, datagrams: 7, loopbackPackets: 6 },
  );
  assertEquals(
    parseNetworkCounts({ snmp: SNMP, snmp6: "", devices: "" }),
    { opened: 3, datagrams: 2, loopbackPackets: 0 },
  );
});

Deno.test("parseNetworkCounts() never takes a counter that is missing for none", () => {
  assertThrows(
    () =>
      parseNetworkCounts({
        snmp: "Tcp: MaxConn\nTcp: 1\n",
        snmp6: "",
        devices: "",
      }),
    SyntaxError,
    "ActiveOpens",
  );
});

Deno.test({
  name:
    "readNetworkCounts() does not take this machine's network for a container's",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await assertRejects(
      () => readNetworkCounts(Deno.pid),
      CannotProve,
      "shares",
    );
  },
});
