import { assertEquals } from "@std/assert";
import { minimalVariant } from "../../testing/report.ts";
import { variantOf } from "./build.ts";
import { addChecks, type BuiltRun } from "./variant_run.ts";

function builtRun(): BuiltRun {
  const { name, dockerfile: _, ...analysis } = {
    ...minimalVariant("scratch"),
    layers: ["a", "b"].map((digest) => ({
      digest,
      instruction: "COPY",
      sizeBytes: 1,
      files: 1,
    })),
  };
  return {
    name,
    file: { name, dockerfile: "Dockerfile.scratch", text: "" },
    architecture: "amd64",
    buildArgs: {},
    varied: false,
    tests: false,
    built: { tag: "t", own: "o", options: {}, seconds: 2 },
    looked: { analysis } as unknown as BuiltRun["looked"],
    checks: {},
    figures: {},
    notes: [],
  };
}

Deno.test("variantOf() marks the layers that the next deploy sends again", () => {
  const run = builtRun();
  run.nextDeploy = { bytes: 7, kept: new Set(["a"]) };
  const variant = variantOf(run, new Map());
  assertEquals(variant.layers.map(({ pulledAgain }) => pulledAgain), [
    false,
    true,
  ]);
  assertEquals(variant.nextDeployBytes, 7);
});

Deno.test("variantOf() leaves out what was not measured, with its note", () => {
  const run = builtRun();
  run.notes.push("next deploy: no module");
  const variant = variantOf(run, new Map());
  assertEquals(variant.notes, ["next deploy: no module"]);
  for (const key of ["nextDeployBytes", "startMs", "contract", "hardening"]) {
    assertEquals(Object.hasOwn(variant, key), false, key);
  }
});

Deno.test("addChecks() adds a step's checks to those of the steps before", () => {
  const run = builtRun();
  const check = (name: string) => ({ name, status: "pass" as const });
  addChecks(run, { contract: [check("a")], hardening: [check("b")] });
  addChecks(run, { hardening: [check("c")] });
  assertEquals(run.checks.hardening?.map(({ name }) => name), ["b", "c"]);
  assertEquals(run.checks.contract?.length, 1);
});
