import { assertEquals } from "@std/assert";
import type { Program } from "../deno_binary/program_schema.ts";
import { applicationText } from "./programs.ts";

Deno.test("applicationText() tells own modules from packages", () => {
  const program: Program = {
    path: "/hello",
    bytes: 90,
    runtimeBytes: 1,
    applicationBytes: 89,
    modules: [],
    npm: [],
  };
  assertEquals(applicationText(program), "your code");
  const parts = {
    own: 2000,
    remote: 0,
    npm: 5_000_000,
    assets: 0,
    metadata: 7,
  };
  assertEquals(
    applicationText({ ...program, parts }),
    "application: 2 kB own modules, 5 MB npm packages, 7 B metadata",
  );
});
