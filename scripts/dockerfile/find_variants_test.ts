import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join, relative } from "node:path";
import { UserError } from "../lib/errors.ts";
import { findVariants, variantName, variantNames } from "./find_variants.ts";

async function folder(...names: string[]): Promise<string> {
  const path = await Deno.makeTempDir();
  for (const name of names) {
    await Deno.writeTextFile(join(path, name), `# ${name}\n`);
  }
  return path;
}

Deno.test("variantName() knows the lab's names and takes any other as it is", () => {
  assertEquals(
    [
      "Dockerfile",
      "Dockerfile.multistage",
      "Dockerfile.scratch",
      "Dockerfile.a.b",
      "Containerfile",
    ]
      .map(variantName),
    ["single-stage", "multi-stage", "scratch", "a.b", "Containerfile"],
  );
});

Deno.test("findVariants() takes every Dockerfile and nothing that only looks like one", async () => {
  const context = await folder(
    "Dockerfile.scratch",
    "Dockerfile",
    "Dockerfile.scratch.dockerignore",
    "Dockerfile~",
    "Dockerfile.x~",
    "main.ts",
  );
  const variants = await findVariants(context);
  assertEquals(variants.map((variant) => variant.name), [
    "single-stage",
    "scratch",
  ]);
  assertEquals(variants[1].text, "# Dockerfile.scratch\n");
  await Deno.remove(context, { recursive: true });
});

Deno.test("findVariants() narrows to the files it is given", async () => {
  const context = await folder("Dockerfile", "Dockerfile.a", "Dockerfile.b");
  const names = async (...files: string[]) =>
    (await findVariants(context, files)).map((variant) => variant.name);
  assertEquals(await names("Dockerfile.b"), ["b"]);
  assertEquals(await names(join(context, "Dockerfile.a")), ["a"]);
  await Deno.remove(context, { recursive: true });
});

Deno.test("findVariants() says what is missing and what to do", async () => {
  const context = await folder(
    "main.ts",
    "Dockerfile.multistage",
    "Dockerfile.multi-stage",
  );
  const fails = async (path: string, files?: string[]) =>
    await assertRejects(() => findVariants(path, files), UserError);
  assertStringIncludes((await fails(join(context, "none"))).next, "--context");
  assertStringIncludes(
    (await fails(context, ["Dockerfile.x"])).message,
    '"Dockerfile.x"',
  );
  assertStringIncludes((await fails(context)).message, 'both "multi-stage"');
  await Deno.remove(join(context, "Dockerfile.multistage"));
  await Deno.remove(join(context, "Dockerfile.multi-stage"));
  assertStringIncludes((await fails(context)).next, "--file");
  await Deno.remove(context, { recursive: true });
});

Deno.test("variantNames() lists them all, none if there are none", async () => {
  const context = await folder("Dockerfile.a", "Dockerfile.b", "x");
  assertEquals((await variantNames(context)).sort(), ["a", "b"]);
  await Deno.remove(context, { recursive: true });
});

Deno.test("findVariants() in a workspace member names the top that has the Dockerfiles", async () => {
  const top = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${top}/services/web`, { recursive: true });
    await Deno.writeTextFile(
      `${top}/deno.json`,
      '{"workspace":["services/*"]}',
    );
    const find = () =>
      assertRejects(() => findVariants(`${top}/services/web`), UserError);
    assertStringIncludes((await find()).next, "init");
    await Deno.writeTextFile(`${top}/Dockerfile`, "FROM scratch");
    assertStringIncludes((await find()).next, "top of its workspace");
    assertStringIncludes((await find()).next, relative(Deno.cwd(), top));
  } finally {
    await Deno.remove(top, { recursive: true });
  }
});
