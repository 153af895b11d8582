import { assertEquals } from "@std/assert";
import type { Proofs } from "./prove_variant.ts";
import { proveUnrun } from "./prove_unrun.ts";

const no = () => "no emulator";
const yes = () => undefined;
const image = { architecture: "arm64", surface: { foreign: [], missing: [] } };

Deno.test("proveUnrun() leaves what can run to be run", () => {
  assertEquals(proveUnrun(image, yes), undefined);
  // What is missing shows when it is started.
  const surface = { missing: ["libm.so.6"] };
  assertEquals(proveUnrun({ ...image, surface }, yes), undefined);
});

Deno.test("proveUnrun() skips, with the reason, what cannot run here", () => {
  assertEquals(proveUnrun(image, no), {
    contract: [
      { name: "starts and answers", status: "skip", detail: "no emulator" },
    ],
  });
});

Deno.test("proveUnrun() fails what starts nowhere", () => {
  const failed = (detail: string): Proofs => ({
    contract: [{ name: "starts and answers", status: "fail", detail }],
  });
  assertEquals(
    proveUnrun({ ...image, surface: { missing: ["libm.so.6"] } }, no),
    failed("needed and not there: libm.so.6"),
  );
  assertEquals(
    proveUnrun({ ...image, surface: { foreign: ["/hello"] } }, yes),
    failed("not for arm64, as the image says: /hello"),
  );
});
