import { assertEquals, assertStringIncludes } from "@std/assert";
import { makeDockerArchive } from "../../testing/archive.ts";
import { folder } from "../../testing/folder.ts";
import { runCommand } from "../../testing/run_command.ts";
import { EXIT } from "../lib/errors.ts";

const archive = (content: string) =>
  makeDockerArchive({ layers: [[{ path: "app", content }]] });

Deno.test("diff shows what differs, and ends with 1 when told to", async () => {
  await using here = await folder({
    "a.tar": archive("one"),
    "b.tar": archive("three"),
  });
  const diff = (before: string, after: string, ...args: string[]) =>
    runCommand(
      ...["diff", `${here.path}/${before}`, `${here.path}/${after}`, ...args],
    );
  assertEquals((await diff("a.tar", "a.tar", "--exit-code")).code, EXIT.ok);
  assertEquals((await diff("a.tar", "b.tar")).code, EXIT.ok);
  const coded = await diff("a.tar", "b.tar", "--exit-code");
  assertEquals(coded.code, EXIT.checkFailed);
  assertStringIncludes(coded.stdout, "app");
  const { paths } = JSON.parse((await diff("a.tar", "b.tar", "--json")).stdout);
  assertEquals(paths.map(({ path }: { path: string }) => path), ["/app"]);
});
