import { assertEquals } from "@std/assert";
import { emptyReport, minimalVariant } from "../testing/report.ts";
import { distinctLayers } from "./node.ts";

Deno.test("distinctLayers() counts a layer that services share once", () => {
  const layer = (digit: string, sizeBytes: number) => ({
    digest: `sha256:${digit.repeat(64)}`,
    instruction: "",
    sizeBytes,
    files: 1,
    gzipBytes: sizeBytes / 2,
  });
  const reports = ["b", "c"].map((own) => ({
    ...emptyReport(),
    variants: [
      { ...minimalVariant("layered"), layers: [layer("a", 90), layer(own, 4)] },
      { ...minimalVariant("scratch"), layers: [layer(own + own, 94)] },
    ],
  }));
  assertEquals(distinctLayers(reports, "layered"), {
    sizeBytes: 98,
    gzipBytes: 49,
  });
});
