import { parseJson } from "../lib/parse_json.ts";
import { assertEquals } from "@std/assert";
import { type Budget, budgetSchema } from "../budget/budget_schema.ts";
import { parseContract } from "../check/contract_schema.ts";
import type { Service } from "./service.ts";
import { firstBudget, firstContract } from "./first_limits.ts";

const SERVICE: Service = {
  ...{ name: "shop", description: "", folder: "", entry: "main.ts" },
  ...{
    args: [],
    resolution: [],
    flags: [],
    preloads: [],
    stopsOn: [],
    includes: [],
  },
  ...{ beside: [], state: [], locked: false, files: [], folders: [] },
  ...{ leftOut: [], tests: [], testFlags: [], port: 3000, healthcheck: true },
  ...{ healthPath: "/up", answersHead: true, egress: [], env: {} },
};
const OWN = JSON.stringify({
  $schema: "x",
  all: { contract: true, noSecrets: true, noEgress: true, memory: "120 MB" },
  variants: { scratch: { size: "1 MB", layers: 1, waste: "0 B" } },
});

Deno.test("a first budget has facts and zeros, and nobody else's bytes", () => {
  const budget: Budget = parseJson(
    firstBudget(OWN, SERVICE),
    "budget.json",
    budgetSchema,
  );
  assertEquals(budget.all, {
    contract: true,
    noSecrets: true,
    noEgress: true,
  });
  assertEquals(budget.variants, { scratch: { layers: 1, waste: "0 B" } });
});

Deno.test("a first budget asks for nothing that permissions and files rule out", () => {
  const budget = (service: Partial<Service>): Budget =>
    parseJson(
      firstBudget(OWN, { ...SERVICE, ...service }),
      "budget.json",
      budgetSchema,
    );
  const rest = { contract: true, noSecrets: true };
  assertEquals(budget({ egress: true }).all, rest);
  assertEquals(budget({ egress: ["a.example"] }).all, rest);
  assertEquals(budget({ beside: ["static/"] }).variants?.scratch, {
    waste: "0 B",
  });
});

Deno.test("a first contract says what is known, and the schemas take it", () => {
  const read = (service: Partial<Service>) =>
    parseContract(firstContract({ ...SERVICE, ...service }), "contract.json");
  const contract = read({});
  assertEquals(
    [contract.port, contract.healthPath, contract.egress],
    [3000, "/up", []],
  );
  assertEquals(contract.requests.map(({ method }) => method), ["GET", "HEAD"]);
  const loose = read({ egress: true, answersHead: false, env: { A: "b" } });
  assertEquals([loose.egress, loose.env], ["any", { A: "b" }]);
  assertEquals(loose.requests.length, 1);
});

Deno.test("what a service writes is writable in its checks", () => {
  const writable = (service: Partial<Service>) =>
    parseContract(firstContract({ ...SERVICE, ...service }), "contract.json")
      .writable;
  assertEquals(writable({}), undefined);
  assertEquals(writable({ state: ["data"], folder: "apps/a" }), [
    "/app/apps/a/data",
  ]);
  assertEquals(writable({ state: ["."] }), ["/app"]);
  // A mount there would hide what lies beside the program.
  assertEquals(writable({ state: ["."], beside: ["a.txt"] }), undefined);
});
