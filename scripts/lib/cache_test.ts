import { assertEquals } from "@std/assert";
import { cacheFolder, readCache, writeCache } from "./cache.ts";
import { join } from "node:path";

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

Deno.test("writeCache() keeps what readCache() gives back, and nothing beside it", async () => {
  const folder = await Deno.makeTempDir();
  const file = join(folder, "a/b.json");
  assertEquals(await readCache(file), undefined);
  await writeCache(file, { bytes: 1 });
  assertEquals(await readCache(file), { bytes: 1 });
  const names = (await Array.fromAsync(Deno.readDir(join(folder, "a"))))
    .map(({ name }) => name);
  assertEquals(names, ["b.json"]);
  await Deno.writeTextFile(file, "{");
  assertEquals(await readCache(file), undefined);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("writeCache() that cannot write is silent", async () => {
  const file = await Deno.makeTempFile();
  await writeCache(join(file, "below-a-file.json"), 1);
  assertEquals(await readCache(join(file, "below-a-file.json")), undefined);
  await Deno.remove(file);
});
