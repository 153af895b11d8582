import { assertEquals, assertExists } from "@std/assert";
import { holdFile } from "./page_cache.ts";

Deno.test("holdFile() keeps a file within reach when its name is gone", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "x".repeat(10_000));
  await using file = await holdFile(path);
  assertExists(file);
  await Deno.remove(path);
  assertEquals(await file.forget(), true);
  assertEquals(await file.forget(), true);
});

Deno.test("holdFile() of what cannot be opened", async () => {
  assertEquals(await holdFile("/nowhere/at/all"), undefined);
});
