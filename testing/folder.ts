/**
 * A temporary folder for tests.
 *
 * @module
 */
import { dirname, join } from "node:path";

/** A temporary folder with files; removed when it goes out of scope. */
export async function folder(files: Record<string, string | Uint8Array>) {
  // As tools see it from within, where the temporary folder is a link.
  const path = await Deno.realPath(await Deno.makeTempDir());
  for (const [name, content] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(path, name)), { recursive: true });
    if (typeof content === "string") {
      await Deno.writeTextFile(join(path, name), content);
    } else await Deno.writeFile(join(path, name), content);
  }
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}
