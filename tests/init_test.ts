/**
 * What `deno task image init` writes is built by an engine, and holds.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { findEngine } from "../scripts/engine/find_engine.ts";
import { EXIT, messageOf } from "../scripts/lib/errors.ts";
import { folder, image } from "./command_line.ts";

const SHOP = {
  "deno.jsonc": '{ // comments, and a comma at the end\n"name": "@me/shop", }',
  "src/server.ts": 'import { greet } from "./greet.ts";\n' +
    'const port = Number(Deno.env.get("PORT") || 3000);\n' +
    "Deno.serve({ port }, () => new Response(greet));\n",
  "src/greet.ts": 'export const greet = "Hello";\n',
  "notes.md": "not for the image",
};

const engine = await findEngine().catch(messageOf);
const why = typeof engine === "string" ? engine : "";

Deno.test({
  name: `what init writes builds, serves and keeps its budget${
    why && ` (skipped: ${why})`
  }`,
  ignore: why !== "",
  async fn() {
    if (typeof engine === "string") return;
    await using here = await folder(SHOP);
    assertEquals((await image(["init", here.path])).code, EXIT.ok);
    const { code, stdout, stderr } = await image([
      "--quick",
      "--json",
      ...["--context", here.path],
      ...["--bases", "packages"],
      ...["--out", join(here.path, "report")],
    ]);
    assertEquals(code, EXIT.ok, stderr);
    const { variants, budgets } = JSON.parse(stdout);
    assertEquals(
      variants.map(({ name }: { name: string }) => name),
      ["single-stage", "layered", "multi-stage", "scratch"],
    );
    assert(budgets.length > 10);
    for (const { image } of variants) await engine.remove(image.reference);
  },
});
