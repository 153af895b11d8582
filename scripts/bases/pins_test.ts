import { assert, assertEquals, assertMatch } from "@std/assert";
import { DENO, DENO_VERSION, DENORT } from "./pins.ts";

for (const architecture of ["amd64", "arm64"] as const) {
  Deno.test(`pins are complete for ${architecture}`, () => {
    for (const pin of [DENO[architecture], DENORT[architecture]]) {
      assertMatch(pin.wheelSha256, /^[0-9a-f]{64}$/);
      assertMatch(pin.sha256, /^[0-9a-f]{64}$/);
      assertMatch(pin.version, /^\d+\.\d+\.\d+$/);
      assert(pin.member.includes(`-${pin.version}.data/scripts/`));
      const machine = architecture === "amd64" ? "x86_64" : "aarch64";
      assert(pin.platform.endsWith(`_${machine}`), pin.platform);
      assert(Number.isInteger(pin.size) && pin.size > 50e6);
    }
    assertEquals(DENO[architecture].version, DENO_VERSION);
  });
}

Deno.test("no two pins are the same", () => {
  const pins = [DENO.amd64, DENO.arm64, DENORT.amd64, DENORT.arm64];
  const hashes = pins.flatMap(({ sha256, wheelSha256 }) => [
    sha256,
    wheelSha256,
  ]);
  assertEquals(new Set(hashes).size, 8);
});
