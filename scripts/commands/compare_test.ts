import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { makeDockerArchive } from "../../testing/archive.ts";
import { folder } from "../../testing/folder.ts";
import { runCommand } from "../../testing/run_command.ts";
import { EXIT, UserError } from "../lib/errors.ts";

const archive = (content: string) =>
  makeDockerArchive({ layers: [[{ path: "app", content }]] });

Deno.test("compare prints and writes the figures of each image", async () => {
  await using here = await folder({
    "a.tar": archive("one"),
    "b.tar": archive("three"),
  });
  const [a, b, out] = ["a.tar", "b.tar", "out"].map((name) =>
    join(here.path, name)
  );
  const told = await runCommand("compare", a, b, "--out", out);
  assertEquals(told.code, EXIT.ok);
  assertStringIncludes(told.notes.at(-1) ?? "", join(out, "index.html"));
  for (const name of ["report.json", "report.md", "index.html"]) {
    assert((await Deno.stat(join(out, name))).size > 0);
  }
  const { stdout } = await runCommand("compare", a, b, "--out", out, "--json");
  const { baseline, variants } = JSON.parse(stdout);
  assertEquals(baseline, a);
  assertEquals(
    variants.map(({ sizeBytes }: { sizeBytes: number }) => sizeBytes),
    [3, 5],
  );
  assert(variants[0].pullBytes.gzip > 0);
});

Deno.test("compare refuses a baseline that is not among the images", async () => {
  const error = await assertRejects(
    () => runCommand("compare", "a.tar", "b.tar", "--against", "c.tar"),
    UserError,
    'Cannot compare with "c.tar"',
  );
  assertStringIncludes(error.next, "a.tar, b.tar");
});
