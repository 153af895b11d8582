import { assertEquals } from "@std/assert";
import { table } from "./images.ts";

Deno.test("table() lines columns up; what was not measured is a dash", () => {
  assertEquals(
    table([["", "size"], ["go", "9 MB"], ["scratch", undefined]]),
    `|         | size |
| ------- | ---: |
| go      | 9 MB |
| scratch |    – |`,
  );
});
