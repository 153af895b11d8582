import { assertEquals } from "@std/assert";
import { minimalVariant } from "../../testing/report.ts";
import { type BuiltRun, note } from "./variant_run.ts";

Deno.test("note() adds to the notes of a variant, which has none until then", () => {
  const run = { variant: minimalVariant("scratch") } as unknown as BuiltRun;
  note(run);
  assertEquals(Object.hasOwn(run.variant, "notes"), false);
  note(run, "a");
  note(run, "b", "c");
  assertEquals(run.variant.notes, ["a", "b", "c"]);
});
