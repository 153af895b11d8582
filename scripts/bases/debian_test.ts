import { assertEquals, assertStringIncludes } from "@std/assert";
import { EXIT } from "../lib/errors.ts";
import { debianError } from "./debian.ts";

const cases = [
  [
    "E: Failed to fetch http://mirror.test/x  Could not resolve 'mirror.test'",
    "mirror does not answer",
    "apt-get update",
  ],
  [
    "W: GPG error: http://mirror.test trixie InRelease: NO_PUBKEY 6ED0E7B82643E131\nE: Failed to fetch",
    "cannot check the signatures",
    "debian-archive-keyring",
  ],
  [
    "dpkg: error: cannot write: No space left on device",
    "no space left",
    "TMPDIR",
  ],
  ["E: have to be root", "may not make a root filesystem", "root"],
  ["E: something else", "mmdebstrap failed", "output"],
] as const;

for (const [output, reason, next] of cases) {
  Deno.test(`debianError() explains: ${reason}`, () => {
    const error = debianError(output);
    assertStringIncludes(error.message, reason);
    assertStringIncludes(error.next, next);
    assertEquals(error.output, output);
    assertEquals(error.exitCode, EXIT.environment);
  });
}
