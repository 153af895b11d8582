import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import {
  cacheFolder,
  isFile,
  isMountedBelow,
  isThere,
  makeScratch,
  readCache,
  textOf,
  writeCache,
} from "./files.ts";

Deno.test("isThere(), isFile() and textOf() of a file, a folder, a dead link and nothing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/file`, "text");
    await Deno.symlink("nowhere", `${folder}/dead`);
    const look = async (path: string) => [
      await isThere(path),
      await isFile(path),
      await textOf(path),
    ];
    assertEquals(await look(`${folder}/file`), [true, true, "text"]);
    assertEquals(await look(folder), [true, false, ""]);
    assertEquals(await look(`${folder}/dead`), [false, false, ""]);
    assertEquals(await look(`${folder}/none`), [false, false, ""]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

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

Deno.test("makeScratch() makes a folder that is removed with all that is in it", async () => {
  let folder = "";
  {
    await using scratch = await makeScratch();
    folder = scratch.path;
    assertEquals(scratch.env, { TMPDIR: folder });
    await Deno.mkdir(`${folder}/deep/er`, { recursive: true });
    await Deno.writeTextFile(`${folder}/deep/er/file`, "x");
  }
  assertStringIncludes(folder, "/deno-small-image-");
  assertEquals(await isThere(folder), false);
});

Deno.test("isMountedBelow() sees mounts at and below a path, not beside it", () => {
  const mountinfo = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:5 / /var/tmp/a/mnt/rootfs/proc rw - proc proc rw
31 22 0:6 / /var/tmp/b rw - tmpfs tmpfs rw
`;
  assertEquals(isMountedBelow(mountinfo, "/var/tmp/a"), true);
  assertEquals(isMountedBelow(mountinfo, "/var/tmp/b"), true);
  assertEquals(isMountedBelow(mountinfo, "/var/tmp/ab"), false);
  assertEquals(isMountedBelow(mountinfo, "/var/tmp/c"), false);
});
