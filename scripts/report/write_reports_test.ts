import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { EXIT, UserError } from "../lib/errors.ts";
import { emptyReport, fixtureReport } from "../../testing/report.ts";
import { cannotWrite, writeFile, writeReports } from "./write_reports.ts";

/** A folder of our own, removed afterwards. */
async function inFolder(work: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "deno-small-image-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("writeReports() writes three files and leaves nothing else", () =>
  inFolder(async (folder) => {
    const out = join(folder, "a", "report");
    await writeReports(fixtureReport(), out);
    await writeReports(emptyReport(), out);
    assertEquals(names(out), ["index.html", "report.json", "report.md"]);
    const text = await Deno.readTextFile(join(out, "report.md"));
    assertEquals(text, "### No image was built\n", "the second run's");
  }));

Deno.test("writeReports() writes none of them when one cannot be made", () =>
  inFolder(async (folder) => {
    const broken = fixtureReport();
    broken.variants[0].sizeBytes = -1;
    await assertRejects(() => writeReports(broken, folder), Error);
    assertEquals(names(folder), []);
  }));

Deno.test("writeFile() fails with a next step and leaves nothing behind", () =>
  inFolder(async (folder) => {
    const file = join(folder, "file");
    await writeFile(file, "old");
    const under = await assertRejects(
      () => writeFile(join(file, "report.json"), "new"),
      UserError,
      "Cannot write",
    );
    assertEquals(under.exitCode, EXIT.environment);
    assertStringIncludes(under.next, "--out DIR");
    // A folder is in the way: the rename is what fails.
    await Deno.mkdir(join(folder, "taken", "full"), { recursive: true });
    await assertRejects(
      () => writeFile(join(folder, "taken"), "new"),
      UserError,
    );
    assertEquals(names(folder), ["file", "taken"]);
    assertEquals(await Deno.readTextFile(file), "old");
  }));

Deno.test("cannotWrite() tells a full disk from a read-only one", () => {
  const of = (message: string) => cannotWrite("out/x", new Error(message));
  const full = of("No space left on device (os error 28): writefile 'out/.x'");
  assertEquals(full.message, 'Cannot write "out/x": the disk is full');
  assertStringIncludes(full.next, "Free some space");
  const readOnly = of("Read-only file system (os error 30): mkdir 'out'");
  assertEquals(readOnly.message, 'Cannot write "out/x": it is read-only there');
  assert(!readOnly.next.includes("Free some space"));
});
