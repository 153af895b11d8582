/**
 * Holds the stand-ins and the project together: the import map repeats what it
 * overrides, and what `offline/` offers is what the project uses. @module
 */
import { assert, assertEquals } from "@std/assert";
import { STATUS_CODE } from "@std/http/status";

const project = `${import.meta.dirname}/..`;

async function importsOf(file: string): Promise<[string, string][]> {
  const text = await Deno.readTextFile(`${project}/${file}`);
  const { imports } = JSON.parse(text) as { imports: Record<string, string> };
  return Object.entries(imports).toSorted();
}

/** The project's modules, as paths from its root. */
async function* modules(folder = ""): AsyncGenerator<string> {
  for await (
    const { name, isDirectory } of Deno.readDir(`${project}/${folder}`)
  ) {
    const path = folder + name;
    const skipped = name.startsWith(".") ||
      ["node_modules", "report"].includes(name);
    if (isDirectory && !skipped) yield* modules(`${path}/`);
    else if (name.endsWith(".ts")) yield path;
  }
}

/** The names that modules import of @std, as `specifier name`, by folder. */
async function namesImported(isWanted: (path: string) => boolean) {
  const names = new Set<string>();
  const statement =
    /^(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s*from\s*"(@std\/[^"]+)"/gm;
  for await (const path of modules()) {
    if (!isWanted(path)) continue;
    const text = await Deno.readTextFile(`${project}/${path}`);
    let found = 0;
    for (const [, list, specifier] of text.matchAll(statement)) {
      found++;
      for (const item of list.split(",")) {
        const name = item.replace(/^\s*type\s/, "").split(" as ")[0].trim();
        if (name) names.add(`${specifier} ${name}`);
      }
    }
    const mentions =
      text.match(/^(?:import|export|\})[^"]*"@std\//gm)?.length ?? 0;
    assert(mentions <= found, `${path} imports @std in a way not read here`);
  }
  return [...names].toSorted();
}

/** The names that the stand-ins export, in the same form. */
async function namesOffered() {
  const names: string[] = [];
  for (
    const [specifier, target] of await importsOf("offline/import_map.json")
  ) {
    if (!specifier.startsWith("@std/")) continue;
    const module = await import(new URL(target, import.meta.url).href);
    for (const name of Object.keys(module)) names.push(`${specifier} ${name}`);
  }
  return names.toSorted();
}

Deno.test("the import map repeats the npm imports of deno.json", async () => {
  const npm = (imports: [string, string][]) =>
    imports.filter(([, target]) => target.startsWith("npm:"));
  assertEquals(
    npm(await importsOf("offline/import_map.json")),
    npm(await importsOf("deno.json")),
  );
});

Deno.test("the import map stands in for jsr: imports of deno.json only", async () => {
  const real = (await importsOf("deno.json")).filter(([, target]) =>
    target.startsWith("jsr:")
  );
  const packages = new Set(
    (await importsOf("offline/import_map.json"))
      .filter(([, target]) => !target.startsWith("npm:"))
      .map(([specifier]) => specifier.split("/").slice(0, 2).join("/")),
  );
  assertEquals([...packages].toSorted(), real.map(([name]) => name));
});

Deno.test("offline/ offers exactly what the project uses", async () => {
  const used = await namesImported((path) => !path.startsWith("offline/"));
  assertEquals(await namesOffered(), used);
});

Deno.test("the tests of offline/ try every name it offers", async () => {
  const tried = await namesImported((path) => path.startsWith("offline/"));
  assertEquals(tried, await namesOffered());
});

Deno.test("the status codes are those of the registry", () => {
  assertEquals(STATUS_CODE.OK, 200);
  assertEquals(STATUS_CODE.NotFound, 404);
});
