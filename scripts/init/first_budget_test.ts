import { assertEquals } from "@std/assert";
import { firstBudget } from "./first_budget.ts";

Deno.test("a first budget has facts and zeros, and nobody else's bytes", () => {
  const own = JSON.stringify({
    $schema: "x",
    all: { contract: true, memory: "120 MB" },
    variants: { scratch: { size: "1 MB", layers: 1, waste: "0 B" } },
  });
  assertEquals(JSON.parse(firstBudget(own)), {
    all: { contract: true },
    variants: { scratch: { layers: 1, waste: "0 B" } },
  });
});
