import { assertEquals } from "@std/assert";
import { cacheFolder } from "./cache_folder.ts";

Deno.test("cacheFolder() follows XDG_CACHE_HOME when it is absolute", () => {
  const env = (vars: Record<string, string>) => (name: string) => vars[name];
  assertEquals(
    cacheFolder(env({ XDG_CACHE_HOME: "/x", HOME: "/h" })),
    "/x/deno-small-image",
  );
  assertEquals(
    cacheFolder(env({ XDG_CACHE_HOME: "x", HOME: "/h" })),
    "/h/.cache/deno-small-image",
  );
});
