import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { folder } from "../../testing/folder.ts";
import { runCommand } from "../../testing/run_command.ts";
import { EXIT, UserError } from "../lib/errors.ts";

Deno.test("build refuses what it is given before it looks for an engine", async () => {
  const Dockerfile = "FROM scratch\n";
  const cases: [
    files: Record<string, string>,
    args: string[],
    message: string,
    next: string,
  ][] = [
    [{}, [], "Cannot find a Dockerfile", "--file"],
    [{ Dockerfile }, ["--file", "x"], 'the Dockerfile "x"', "a path"],
    [{ Dockerfile }, ["--against", "x"], "no such variant", "single-stage"],
    [
      { Dockerfile, "budget.json": '{ "all": { "sise": "1 MB" } }' },
      [],
      'did you mean "size"?',
      "Fix the file",
    ],
    [
      { Dockerfile, "contract.json": '{ "requests": 1 }' },
      [],
      "requests: expected array, found 1",
      "Fix the file",
    ],
    [
      { Dockerfile, "budget.json": '{ "variants": { "singel-stage": {} } }' },
      [],
      'variant "singel-stage" among single-stage',
      'Did you mean "single-stage"',
    ],
  ];
  for (const [files, args, message, next] of cases) {
    await using here = await folder(files);
    const error = await assertRejects(
      () =>
        runCommand(
          ...["--context", here.path, "--out", `${here.path}/out`, ...args],
        ),
      UserError,
    );
    assertEquals(error.exitCode, EXIT.usage, message);
    assertStringIncludes(error.message, message);
    assertStringIncludes(error.next, next);
  }
});
