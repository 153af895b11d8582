import { assertEquals, assertThrows } from "@std/assert";
import { contractSchema } from "./contract_schema.ts";
import { fakeContainer, serving } from "../../testing/fake_engine.ts";
import { proveNothingOpened, proveRefused, wrongWith } from "./prove_egress.ts";
import { CannotProve } from "./run_proof.ts";

const contract = (egress?: string[]) =>
  contractSchema.parse({ requests: [{ path: "/", expect: {} }], egress });
const OURS = { source: "binary", net: ["0.0.0.0", "127.0.0.1"] } as const;
const permissions = { ...OURS, net: [...OURS.net] };

Deno.test("proveRefused() passes when every other host is refused", () => {
  assertEquals(proveRefused(permissions, contract([])), {
    name: "no way out: its permissions refuse other hosts",
    status: "pass",
  });
});

Deno.test("proveRefused() fails with each way out that the contract does not state", () => {
  const loose = { ...permissions, net: ["db:5432", "192.0.2.1"], run: ["sh"] };
  assertEquals(proveRefused(loose, contract(["db"])), {
    name: "no way out: its permissions refuse all but db",
    status: "fail",
    detail: "it may reach 192.0.2.1; a program it starts (sh)",
  });
});

Deno.test("proveRefused() skips, with the reason, what it cannot tell", () => {
  assertEquals(
    proveRefused(permissions, contract()).detail,
    "the contract states no egress",
  );
  const unknown = proveRefused(undefined, contract([]));
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
  assertThrows(() => wrongWith(counts(1, 0, 8), counts(1, 0, 8)), CannotProve);
  assertThrows(() => wrongWith(counts(9), counts(10)), CannotProve, "engine");
});

Deno.test("proveNothingOpened() says why it cannot look", async () => {
  await using container = fakeContainer(serving(() => new Response()));
  const detail = async (egress?: string[]) =>
    (await proveNothingOpened(container, contract(egress))).detail;
  assertEquals(await detail(), "the contract states no egress");
  assertEquals(await detail(["db"]), "the contract lets it open some");
  assertEquals(await detail([]), "this machine does not see the process");
});
