/**
 * The services under `examples/`, as their owners would use the tool on them:
 * packages are fetched by `deno install`, their tests run, and every variant is
 * built, proved and compared without a change to the tool.
 *
 * @module
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { join } from "node:path";
import { assembleBases } from "../scripts/bases/assemble_bases.ts";
import { findEngine } from "../scripts/engine/find_engine.ts";
import { messageOf, UserError } from "../scripts/errors.ts";
import { parseReport } from "../scripts/report/json.ts";
import type { Report } from "../scripts/schema.ts";

const PROJECT = join(import.meta.dirname ?? ".", "..");
const EXAMPLES = join(PROJECT, "examples");

/** Runs this `deno`, and returns what it printed on stdout. */
async function deno(cwd: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    stdin: "null",
    env: { NO_COLOR: "1", GITHUB_STEP_SUMMARY: "" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) {
    const said = `${decode(stderr)}${decode(stdout)}`;
    throw new Error(`deno ${args.join(" ")} in ${cwd} failed:\n${said}`);
  }
  return decode(stdout);
}

/** Builds, proves and compares a context; fails when anything in it fails. */
async function image(context: string, ...args: string[]): Promise<Report> {
  await using out = await folder();
  const command = ["run", "-A", join(PROJECT, "scripts/image.ts")];
  const options = ["--context", context, "--bases", "packages", "--quick"];
  const report = ["--out", out.path, "--json"];
  const json = await deno(PROJECT, [
    ...command,
    ...options,
    ...report,
    ...args,
  ]);
  return parseReport(json, "stdout");
}

async function folder() {
  const path = await Deno.makeTempDir({ prefix: "examples-test-" });
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

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
    await deno(join(EXAMPLES, name), ["install", "--frozen"]);
  }
});

async function prepareEngine() {
  try {
    const engine = await findEngine();
    await assembleBases({ engine });
    return { engine };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { reason: messageOf(error) };
  }
}

const { engine, reason: noEngine } = await prepareEngine();

/** Registers a test; it is skipped, and says why, where something is lacking. */
function test(
  name: string,
  reason: string | undefined,
  fn: () => Promise<void>,
) {
  const skipped = reason ? ` (skipped: ${reason})` : "";
  Deno.test({ name: name + skipped, ignore: reason !== undefined, fn });
}

async function removeImages(report: Report): Promise<void> {
  for (const { image } of report.variants) {
    await engine?.remove(image.reference);
  }
}

for (const name of names) {
  const context = join(EXAMPLES, name);

  test(`examples/${name}: types and tests`, noPackages, async () => {
    await deno(context, ["check", "."]);
    await deno(context, ["task", "test"]);
  });

  test(
    `examples/${name}: every variant holds to its contract and budget`,
    noPackages ?? noEngine,
    async () => {
      const report = await image(context);
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
    await deno(join(EXAMPLES, "api/dev"), ["test", "--frozen"]);
  },
);

/** The packages in the program of an example's scratch image, by name. */
async function packagesIn(context: string): Promise<Map<string, number>> {
  const report = await image(context, "--file", "Dockerfile.scratch");
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
    await using trap = await folder();
    await new Deno.Command("cp", { args: ["-r", `${context}/.`, trap.path] })
      .output();
    const config = await readConfig(trap.path);
    Object.assign(config.imports, imports);
    await Deno.writeTextFile(
      join(trap.path, "deno.json"),
      JSON.stringify(config),
    );
    await deno(trap.path, ["install"]);
    const trapped = await packagesIn(trap.path);
    for (const tool of tools) assertGreater(trapped.get(tool) ?? 0, 100_000);
  },
);

async function readConfig(
  folder: string,
): Promise<{ imports: Record<string, string> }> {
  return JSON.parse(await Deno.readTextFile(join(folder, "deno.json")));
}
