import { assertEquals } from "@std/assert";
import { dirname, join, normalize, relative } from "node:path";

/** The root of the project. */
const ROOT = normalize(join(import.meta.dirname ?? ".", ".."));

/** The folders that know nothing of each other; `verbs` joins them. */
const FOLDERS = [
  "analyse",
  "archive",
  "bases",
  "budget",
  "engine",
  "init",
  "measure",
  "registry",
  "report",
  "sbom",
];

async function modules(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const item of Deno.readDir(folder)) {
    const path = join(folder, item.name);
    if (item.isDirectory) found.push(...await modules(path));
    else if (path.endsWith(".ts")) found.push(relative(ROOT, path));
  }
  return found.sort();
}

/** Paths, from the root, of the modules of ours that a module imports. */
async function imports(module: string): Promise<string[]> {
  const text = await Deno.readTextFile(join(ROOT, module));
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)]
    .map((match) => normalize(join(dirname(module), match[1])));
}

/** The part of the project that a module belongs to. */
function partOf(module: string): string {
  const [top, folder, ...rest] = module.split("/");
  if (top !== "scripts") return top;
  return rest.length > 0 ? folder : "leaf";
}

/** The modules that start something: what they may import is not restricted. */
const TOP = new Set(["scripts/image.ts"]);

Deno.test("imports point one way: image, verbs, folders, leaves", async () => {
  const wrong: string[] = [];
  for (const module of await modules(join(ROOT, "scripts"))) {
    if (TOP.has(module)) continue;
    const part = partOf(module);
    for (const imported of await imports(module)) {
      const other = partOf(imported);
      const allowed = part === "leaf"
        ? other === "leaf"
        : part === "verbs"
        ? other !== "tests"
        : other === part || other === "leaf";
      if (!allowed) wrong.push(`${module} imports ${imported}`);
    }
  }
  assertEquals(wrong, []);
});

Deno.test("the folders of scripts/ are those that the guard knows", async () => {
  const folders: string[] = [];
  for await (const item of Deno.readDir(join(ROOT, "scripts"))) {
    if (item.isDirectory) folders.push(item.name);
  }
  assertEquals(folders.sort(), [...FOLDERS, "verbs"].sort());
});

Deno.test("only the entry exits", async () => {
  const exits: string[] = [];
  for (const module of await modules(join(ROOT, "scripts"))) {
    const text = await Deno.readTextFile(join(ROOT, module));
    if (/\bDeno\.exit\(/.test(text)) exits.push(module);
  }
  assertEquals(exits, ["scripts/image.ts"]);
});
