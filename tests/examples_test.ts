/**
 * The services under `examples/`, as their owners would use the tool on them:
 * packages are fetched by `deno install`, their tests run, and every variant is
 * built, checked and compared without a change to the tool.
 *
 * @module
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { join } from "node:path";
import { EXIT, messageOf } from "../scripts/lib/errors.ts";
import { folder, image } from "./command_line.ts";
import {
  build,
  changed,
  copyFolder,
  deno,
  EXAMPLES,
  noEngine,
  readConfig,
  removeImages,
  test,
} from "./example.ts";

/** The reason why something cannot be had here, or nothing. */
async function lacking(
  attempt: () => Promise<unknown>,
): Promise<string | undefined> {
  try {
    await attempt();
  } catch (error) {
    return messageOf(error).split("\n", 3).join(" ");
  }
}

const names = (await Array.fromAsync(Deno.readDir(EXAMPLES)))
  .map(({ name }) => name).sort();
const noPackages = await lacking(async () => {
  for (const name of names) {
    await deno(join(EXAMPLES, name), "install", "--frozen");
  }
});

for (const name of names) {
  const context = join(EXAMPLES, name);

  test(`examples/${name}: types and tests`, noPackages, async () => {
    await deno(context, "check", ".");
    await deno(context, "task", "test");
  });

  test(
    `examples/${name}: every variant holds its contract and budget`,
    noPackages ?? noEngine,
    async () => {
      const report = await build(context);
      // The exit code has told that nothing failed; this, that it was looked at.
      const dockerfiles = (await Array.fromAsync(Deno.readDir(context)))
        .filter((item) => item.name.startsWith("Dockerfile"));
      assertEquals(report.variants.length, dockerfiles.length);
      for (const { contract } of report.variants) {
        assertGreater(contract?.length ?? 0, 5);
      }
      assert(report.budgets.some(({ status }) => status === "pass"));
      await removeImages(report);
    },
  );
}

test(
  "examples/api: properties, with packages of their own",
  noPackages,
  async () => {
    await deno(join(EXAMPLES, "api/dev"), "test", "--frozen");
  },
);

const WRITTEN = [
  "Dockerfile",
  "Dockerfile.multistage",
  "Dockerfile.scratch",
  "Dockerfile.layered",
  "split.ts",
  ".dockerignore",
];

for (const name of names) {
  test(`examples/${name} ships as init would have it`, noPackages, async () => {
    await using here = await folder({});
    // Its folder's name is the service's.
    const copy = join(here.path, name);
    await copyFolder(join(EXAMPLES, name), copy);
    const there: string[] = [];
    for await (const item of Deno.readDir(copy)) {
      if (WRITTEN.includes(item.name)) {
        there.push(item.name);
        await Deno.remove(join(copy, item.name));
      }
    }
    assertGreater(there.length, 2);
    const { code, stderr } = await image(["init", copy]);
    assertEquals(code, EXIT.ok, stderr);
    for (const file of there) {
      const [written, ours] = await Promise.all(
        [copy, join(EXAMPLES, name)].map((path) =>
          Deno.readTextFile(join(path, file))
        ),
      );
      assertEquals(ours, written, `${file}: delete it and init again`);
    }
  });
}

/** The packages in the program of an example's scratch image, by name. */
async function packagesIn(context: string): Promise<Map<string, number>> {
  const report = await build(context, "--file", "Dockerfile.scratch");
  await removeImages(report);
  const { npm = [] } = report.variants[0].program ?? {};
  return new Map(npm.map(({ name, bytes }) => [name, bytes]));
}

test(
  "examples/api: a package that no module imports is in the binary, unless it has a deno.json of its own",
  noPackages ?? noEngine,
  async () => {
    const context = join(EXAMPLES, "api");
    const { imports } = await readConfig(join(context, "dev"));
    const tools = Object.keys(imports);
    assertGreater(tools.length, 0);
    const shipped = await packagesIn(context);
    assertEquals([...shipped.keys()].sort(), [
      "@hono/zod-validator",
      "hono",
      "zod",
    ]);

    // What `deno add` of a tool for development does.
    await using trap = await changed(context, (config) => {
      Object.assign(config.imports, imports);
    });
    await deno(trap.path, "install");
    const trapped = await packagesIn(trap.path);
    for (const tool of tools) assertGreater(trapped.get(tool) ?? 0, 100_000);
  },
);

Deno.test("what keeps the examples running is one text", async () => {
  const [first, ...others] = await Promise.all(
    names.map((name) => Deno.readTextFile(join(EXAMPLES, name, "serve.ts"))),
  );
  for (const other of others) assertEquals(other, first);
});
