import { assertEquals, assertStringIncludes } from "@std/assert";
import { runCommand } from "../../testing/run_command.ts";
import { COMMANDS } from "./commands.ts";

const text = async (...args: string[]) => (await runCommand(...args)).stdout;

Deno.test("every command has a help with two examples", async () => {
  for (const name of Object.keys(COMMANDS)) {
    const help = await text(...name === "build" ? [] : [name], "--help");
    assertStringIncludes(help, "Usage: deno task image");
    const [, examples] = help.split("Examples:\n");
    assertEquals(examples?.match(/^ {2}deno task image/gm)?.length, 2, name);
  }
  assertStringIncludes(await text("--help"), "completions");
});

Deno.test("--version is that of the package", async () => {
  const { version } = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  assertEquals(await text("--version"), `${version}\n`);
});
