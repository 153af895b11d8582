import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { makeDockerArchive } from "../../testing/archive.ts";
import { folder } from "../../testing/folder.ts";
import { runCommand } from "../../testing/run_command.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { variantSchema } from "../report/report_schema.ts";

const ARCHIVE = makeDockerArchive({
  layers: [[{ path: "app", content: "one" }], [
    { path: "etc\x1b[31m", content: "x" },
  ]],
  config: { User: "65532" },
});

Deno.test("inspect shows an archive, and nothing that controls a terminal", async () => {
  await using here = await folder({ "a.tar": ARCHIVE });
  const { code, stdout } = await runCommand("inspect", `${here.path}/a.tar`);
  assertEquals(code, EXIT.ok);
  assertStringIncludes(stdout, "65532");
  assert(!stdout.includes("\x1b"), "control characters are shown");
});

Deno.test("inspect --json prints a variant of a report, alone", async () => {
  await using here = await folder({ "a.tar": ARCHIVE });
  const { stdout, notes } = await runCommand(
    ...["inspect", `${here.path}/a.tar`, "--json"],
  );
  const printed = JSON.parse(stdout);
  assertEquals(variantSchema.parse(printed), printed);
  const { sizeBytes, layers, wasteBytes } = printed;
  assertEquals([sizeBytes, layers.length, wasteBytes], [4, 2, 0]);
  assertEquals(notes, []);
});

Deno.test("inspect names an archive that is cut off, and a path that is none", async () => {
  await using here = await folder({ "cut.tar": ARCHIVE.subarray(0, 1500) });
  const problem = async (name: string) =>
    (await assertRejects(
      () => runCommand("inspect", `${here.path}/${name}`),
      UserError,
    )).message;
  assertStringIncludes(await problem("cut.tar"), "it is cut off");
  assertStringIncludes(await problem("none.tar"), "Cannot find the file");
});
