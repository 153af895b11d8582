import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { makeDockerArchive } from "../../testing/archive.ts";
import { folder } from "../../testing/folder.ts";
import { runCommand } from "../../testing/run_command.ts";
import { UserError } from "../lib/errors.ts";

const ARCHIVE = makeDockerArchive({
  layers: [[
    { path: "etc/os-release", content: "ID=debian\nVERSION_ID=13\n" },
    {
      path: "var/lib/dpkg/status.d/a",
      content: "Package: a\x1b[31m\nVersion: 1\nArchitecture: all\n",
    },
  ]],
});

/** Runs it at a time, as reproducible builds set it. */
async function sbom(time: string) {
  await using here = await folder({ "a.tar": ARCHIVE });
  Deno.env.set("SOURCE_DATE_EPOCH", time);
  try {
    return await runCommand("sbom", `${here.path}/a.tar`);
  } finally {
    Deno.env.delete("SOURCE_DATE_EPOCH");
  }
}

Deno.test("sbom writes the same twice, at the time it is told", async () => {
  const [one, two] = [await sbom("1700000000"), await sbom("1700000000")];
  assertEquals(two.stdout, one.stdout);
  assertEquals(one.notes, []);
  assert(!one.stdout.includes("\x1b"), "control characters are shown");
  const bill = JSON.parse(one.stdout);
  assertEquals(bill.metadata.timestamp, "2023-11-14T22:13:20Z");
  assertEquals(
    bill.components.map(({ purl }: { purl?: string }) => purl),
    [
      "pkg:deb/debian/a%1B%5B31m@1?arch=all&distro=debian-13",
      undefined,
    ],
  );
});

Deno.test("sbom refuses a time that is none", async () => {
  const error = await assertRejects(
    () => sbom("yesterday"),
    UserError,
    'SOURCE_DATE_EPOCH "yesterday"',
  );
  assertStringIncludes(error.next, "date +%s");
});
