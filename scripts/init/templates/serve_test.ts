import { assertEquals } from "@std/assert";
import { startModule } from "../../../testing/start_module.ts";

Deno.test("what is exported is served on PORT", async () => {
  const template = `${import.meta.dirname}/serve.ts`;
  await using started = await startModule("", template);
  assertEquals(await (await fetch(started.url)).text(), "hi");
});
