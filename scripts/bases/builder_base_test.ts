import { assertEquals } from "@std/assert";
import { addDenort } from "./builder_base.ts";
import { readAll, readTar, TarWriter } from "./tar.ts";
import { zipMember } from "./zip_member.ts";

async function* program() {
  yield await Promise.resolve(new TextEncoder().encode("the runtime"));
}

for (
  const [architecture, target] of [
    ["amd64", "x86_64-unknown-linux-gnu"],
    ["arm64", "aarch64-unknown-linux-gnu"],
  ] as const
) {
  Deno.test(`addDenort() puts a download for ${architecture} where deno compile looks`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      {
        await using tar = new TarWriter(`${folder}/a.tar`);
        await addDenort(tar, "a.whl", program, architecture);
        await tar.finish();
      }
      const { readable } = await Deno.open(`${folder}/a.tar`);
      const names: string[] = [];
      for await (const { header, body } of readTar(readable)) {
        names.push(header.path);
        await Deno.writeFile(`${folder}/a.zip`, await readAll(body));
      }
      assertEquals(names, [
        `deno-dir/dl/release/v2.6.10/denort-${target}.zip`,
      ]);
      const { stream } = await zipMember(`${folder}/a.zip`, "denort");
      assertEquals(await new Response(stream).text(), "the runtime");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
