import { assertEquals } from "@std/assert";
import { type ProgramVersions, VersionSearch } from "./program_versions.ts";

function search(text: string, chunkBytes = text.length): ProgramVersions {
  const bytes = new TextEncoder().encode(text);
  const versions = new VersionSearch();
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    versions.push(bytes.subarray(at, at + chunkBytes));
  }
  return versions.found;
}

const V8 = "\0\x10\0\0\x0014.5.201.2-rusty\x01";
const DENO = "rclts2.6.10denover2.6.10+8871adeDeno/2.6.10Deno/2.6.10+8871ade88";

Deno.test("VersionSearch finds both versions, in chunks of any size", () => {
  const text = `${"x".repeat(500)}${V8}${"Deno/".repeat(9)}${DENO}`;
  for (let size = 1; size <= text.length; size += 7) {
    assertEquals(
      search(text, size),
      { v8: "14.5.201.2-rusty", deno: "2.6.10" },
      `chunks of ${size}`,
    );
  }
});

Deno.test("VersionSearch takes versions of candidates for a release", () => {
  const text = "Deno/3.0.0-rc.1Deno/3.0.0-rc.1+0123abc";
  assertEquals(search(text).deno, "3.0.0-rc.1");
});

Deno.test("VersionSearch takes nothing that is not certain", () => {
  const texts = [
    "OTel-OTLP-Exporter-Deno/0.82.0grpc",
    "Deno/2.6.10 Deno/2.6.10+8871ade",
    "Deno/2.6.1Deno/2.6.10+8871ade",
    "Deno/2.6.10Deno/2.6.10+8871ad",
    "B213.7.152.14-rusty\0", // The end of a hash runs into it.
    "\x0013.7.152-rusty\0",
    "\x0014.5.201.2-rustyline",
    "\x0014.5.201.2-rusty", // It may go on.
  ];
  for (const text of texts) {
    assertEquals(search(text), {}, text);
  }
});

Deno.test("VersionSearch joins nothing across what is left out", () => {
  const versions = new VersionSearch();
  versions.push(new TextEncoder().encode(V8.slice(0, 8)));
  versions.skip();
  versions.push(new TextEncoder().encode(V8.slice(8)));
  assertEquals(versions.found, {});
});
