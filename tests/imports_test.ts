import { assertEquals } from "@std/assert";
import { dirname, join, normalize, relative } from "node:path";

/** The root of the project. */
const ROOT = normalize(join(import.meta.dirname ?? ".", ".."));

/**
 * The folders of scripts/, from top to bottom: each may import those on later
 * lines, and its neighbours on its own line.
 */
const LAYERS = [
  ["commands"],
  ["build", "init"],
  ["measure"],
  ["check"],
  ["bases"],
  ["engine"],
  ["budget", "sbom"],
  ["report"],
  ["inspect"],
  ["deno_binary"],
  ["image"],
  ["dockerfile"],
  ["lib"],
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
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+\.ts)"/g)]
    .map((match) => normalize(join(dirname(module), match[1])));
}

/** Line of {@linkcode LAYERS} that a path is on; 0 for what starts something. */
function layerOf(path: string): number {
  const [top, folder, ...rest] = path.split("/");
  if (top !== "scripts" || rest.length === 0) return 0;
  return LAYERS.findIndex((layer) => layer.includes(folder)) + 1;
}

Deno.test("imports point down the layers of scripts/", async () => {
  const wrong: string[] = [];
  for (const module of await modules(join(ROOT, "scripts"))) {
    if (module.endsWith("_test.ts") || layerOf(module) === 0) continue;
    for (const imported of await imports(module)) {
      if (layerOf(imported) < layerOf(module)) {
        wrong.push(`${module} imports ${imported}`);
      }
    }
  }
  assertEquals(wrong, []);
});

Deno.test("no modules import each other in a circle", async () => {
  const graph = new Map<string, string[]>();
  for (const module of await modules(join(ROOT, "scripts"))) {
    graph.set(module, await imports(module));
  }
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (module: string, path: string[]) => {
    if (path.includes(module)) {
      circles.push([...path.slice(path.indexOf(module)), module].join(" > "));
    } else if (!done.has(module)) {
      for (const next of graph.get(module) ?? []) {
        visit(next, [...path, module]);
      }
      done.add(module);
    }
  };
  for (const module of graph.keys()) visit(module, []);
  assertEquals(circles, []);
});

Deno.test("the folders of scripts/ are those of the layers", async () => {
  const folders: string[] = [];
  for await (const item of Deno.readDir(join(ROOT, "scripts"))) {
    if (item.isDirectory) folders.push(item.name);
  }
  assertEquals(folders.sort(), LAYERS.flat().sort());
});

Deno.test("only the entries exit", async () => {
  const exits: string[] = [];
  for (const module of await modules(join(ROOT, "scripts"))) {
    // These run in services, not here; tests hold the texts of some.
    if (module.startsWith("scripts/init/templates/")) continue;
    if (module.endsWith("_test.ts")) continue;
    const text = await Deno.readTextFile(join(ROOT, module));
    if (/\bDeno\.exit\(/.test(text)) exits.push(module);
  }
  assertEquals(exits, ["scripts/action.ts", "scripts/image.ts"]);
});

/** What a module loads before it does anything, by `deno info`. */
async function loads(module: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", join(ROOT, module)],
    stderr: "inherit",
  }).output();
  const { roots, redirects = {}, modules } = JSON.parse(
    new TextDecoder().decode(stdout),
  );
  const found = new Set<string>();
  const queue: string[] = [...roots];
  for (const next of queue) {
    const specifier = redirects[next] ?? next;
    if (found.has(specifier)) continue;
    found.add(specifier);
    const { dependencies = [] } = modules
      .find((each: { specifier: string }) => each.specifier === specifier) ??
      {};
    for (const { code, isDynamic } of dependencies) {
      if (code?.specifier && !isDynamic) queue.push(code.specifier);
    }
  }
  return [...found];
}

Deno.test("the help loads no steps, inspect of an archive no schemas and no engine", async () => {
  const help = [
    ...await loads("scripts/image.ts"),
    ...await loads("scripts/commands/build.ts"),
  ];
  const inspect = await loads("scripts/commands/inspect.ts");
  const wrong = [
    ...help.filter((each) => /npm:\/(?!commander|fastest)/.test(each)),
    ...help.filter((each) => /\/scripts\/(check|report|image)\//.test(each)),
    ...inspect.filter((each) => /npm:\/(zod|tar-stream|yaml)@/.test(each)),
    ...inspect.filter((each) => /\/engine\/(?!engine\.ts)/.test(each)),
  ];
  assertEquals(wrong, []);
  assertEquals(help.some((each) => each.includes("npm:/commander@")), true);
  assertEquals(inspect.some((each) => each.endsWith("/tar_parser.ts")), true);
});
