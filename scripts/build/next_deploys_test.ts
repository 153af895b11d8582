import { assertEquals } from "@std/assert";
import type { Variant } from "../report/report_schema.ts";
import { withNextDeploy } from "./next_deploys.ts";

const figures: Pick<Variant, "layers" | "nextDeployBytes" | "notes"> = {
  layers: ["a", "b"].map((digest) => ({
    digest,
    instruction: "COPY",
    sizeBytes: 1,
    files: 1,
  })),
  notes: ["memory: not seen"],
};

Deno.test("withNextDeploy() marks the layers that are pulled again", () => {
  const result = withNextDeploy(figures, { bytes: 7, kept: new Set(["a"]) });
  assertEquals(result.layers.map((layer) => layer.pulledAgain), [false, true]);
  assertEquals(result.nextDeployBytes, 7);
});

Deno.test("withNextDeploy() notes why there is no figure", () => {
  const result = withNextDeploy(figures, { note: "next deploy: no module" });
  assertEquals(result.notes, ["memory: not seen", "next deploy: no module"]);
  assertEquals("nextDeployBytes" in result, false);
  assertEquals(withNextDeploy(figures, undefined), figures);
});
