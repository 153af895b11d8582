import { assertEquals } from "@std/assert";
import { isFile, isThere, textOf } from "./files.ts";

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
