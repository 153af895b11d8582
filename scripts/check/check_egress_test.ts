import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { contractSchema } from "./contract_schema.ts";
import { fakeContainer, serving } from "../../testing/fake_engine.ts";
import {
  checkNothingOpened,
  checkRefused,
  parseNetworkCounts,
  readNetworkCounts,
  wrongWith,
} from "./check_egress.ts";
import { CannotCheck } from "./run_check.ts";

const contract = (egress?: string[] | "any") =>
  contractSchema.parse({ requests: [{ path: "/", expect: {} }], egress });
const OURS = { source: "binary", net: ["0.0.0.0", "127.0.0.1"] } as const;
const permissions = { ...OURS, net: [...OURS.net] };

Deno.test("checkRefused() passes when every other host is refused", () => {
  assertEquals(checkRefused(permissions, contract([])), {
    name: "egress: its permissions refuse other hosts",
    status: "pass",
  });
});

Deno.test("checkRefused() fails with each egress that the contract does not state", () => {
  const loose = { ...permissions, net: ["db:5432", "192.0.2.1"], run: ["sh"] };
  assertEquals(checkRefused(loose, contract(["db"])), {
    name: "egress: its permissions refuse all but db",
    status: "fail",
    detail: "it may reach 192.0.2.1; a program it starts (sh)",
  });
});

Deno.test("checkRefused() skips, with the reason, what it cannot tell", () => {
  assertEquals(
    checkRefused(permissions, contract()).detail,
    "the contract states no egress",
  );
  assertEquals(
    checkRefused(permissions, contract("any")).detail,
    "the contract lets it reach any host, so there is none to refuse",
  );
  const unknown = checkRefused(undefined, contract([]));
  assertEquals(
    [unknown.status, unknown.detail],
    [
      "skip",
      "they are neither in a program of deno compile nor flags of deno run",
    ],
  );
});

const counts = (opened: number, datagrams = 0, loopbackPackets = 0) => ({
  opened,
  datagrams,
  loopbackPackets,
});

Deno.test("wrongWith() holds what left against the program, and nothing else", () => {
  assertEquals(wrongWith(counts(0), counts(0)), []);
  assertEquals(wrongWith(counts(0, 0, 8), counts(0, 0, 8)), []);
  assertEquals(wrongWith(counts(2, 1), counts(2, 1)), [
    "it opened 2 connections and sent 1 datagrams",
  ]);
  assertThrows(() => wrongWith(counts(1, 0, 8), counts(1, 0, 8)), CannotCheck);
  assertThrows(() => wrongWith(counts(9), counts(10)), CannotCheck, "engine");
});

Deno.test("checkNothingOpened() says why it cannot look", async () => {
  await using container = fakeContainer(serving(() => new Response()));
  const detail = async (egress?: string[] | "any") =>
    (await checkNothingOpened(
      { container, url: container.url ?? "" },
      contract(egress),
    )).detail;
  assertEquals(await detail(), "the contract states no egress");
  assertEquals(
    await detail(["db"]),
    "the contract lets it open some, which are not told from others",
  );
  assertEquals(
    await detail("any"),
    "the contract lets it open some, which are not told from others",
  );
  assertEquals(await detail([]), "this machine does not see the process");
});

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
      CannotCheck,
      "shares",
    );
  },
});
