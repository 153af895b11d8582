import { assertEquals } from "@std/assert";
import { DOCS, publishedSchemas } from "./write_schemas.ts";

Deno.test("docs/*.schema.json are what the code checks", async () => {
  for (const [file, text] of publishedSchemas()) {
    assertEquals(
      await Deno.readTextFile(new URL(file, DOCS)),
      text,
      `docs/${file} is out of date, run: deno task schema`,
    );
  }
});

Deno.test("docs/ has no schema that nothing writes", async () => {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(DOCS)) {
    if (name.endsWith(".schema.json")) files.push(name);
  }
  assertEquals(files.sort(), [...publishedSchemas().keys()].sort());
});
