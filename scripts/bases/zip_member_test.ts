import { assertEquals, assertLess } from "@std/assert";
import { zipFile, zipMember } from "./zip_member.ts";

const content = new TextEncoder().encode("denort ".repeat(50_000));

/** Content in chunks, as a program streams out of its wheel. */
async function* chunks() {
  for (let at = 0; at < content.length; at += 4096) {
    yield await Promise.resolve(content.subarray(at, at + 4096));
  }
}

Deno.test("zipFile() packs what zipMember() reads", async () => {
  const path = await Deno.makeTempFile();
  try {
    const archive = await zipFile("denort", chunks());
    assertLess(archive.length, content.length / 10);
    await Deno.writeFile(path, archive);
    const stream = await zipMember(path, "denort");
    const read = new Uint8Array(await new Response(stream).arrayBuffer());
    assertEquals(read, content);
  } finally {
    await Deno.remove(path);
  }
});

const python = await new Deno.Command("python3", { args: ["--version"] })
  .output().then(({ success }) => success, () => false);

Deno.test({
  name: "zipFile() is intact to another reader" +
    (python ? "" : " (skipped: no python3)"),
  ignore: !python,
  fn: async () => {
    const path = await Deno.makeTempFile();
    try {
      await Deno.writeFile(path, await zipFile("denort", chunks()));
      const { success, stdout } = await new Deno.Command("python3", {
        args: [
          "-c",
          "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), z.namelist(), z.infolist()[0].file_size)",
          path,
        ],
      }).output();
      assertEquals(success, true);
      assertEquals(
        new TextDecoder().decode(stdout),
        `None ['denort'] ${content.length}\n`,
      );
    } finally {
      await Deno.remove(path);
    }
  },
});
