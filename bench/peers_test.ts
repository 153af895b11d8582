import { assertEquals } from "@std/assert";
import { minimalVariant } from "../testing/report.ts";
import { nextDeploy } from "./peers.ts";

Deno.test("nextDeploy() counts the layers that were not there before", () => {
  const layer = (digit: string, gzipBytes: number) => ({
    digest: `sha256:${digit.repeat(64)}`,
    instruction: "",
    sizeBytes: 1,
    files: 1,
    gzipBytes,
  });
  const before = {
    ...minimalVariant(),
    layers: [layer("a", 9), layer("b", 5)],
  };
  const after = { ...minimalVariant(), layers: [layer("a", 9), layer("c", 7)] };
  assertEquals(nextDeploy(before, after), 7);
});
