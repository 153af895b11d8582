/**
 * `Dockerfile.layered` on every engine that works here: three services share the
 * layer of the runtime, for this architecture and the other, builds repeat to the
 * byte, and what is built runs with next to nothing.
 *
 * @module
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { join } from "node:path";
import { assembleBases } from "../scripts/bases/choose_bases.ts";
import type { Engine, EngineName } from "../scripts/engine/engine.ts";
import { type Architecture, cannotRun, HOST } from "../scripts/lib/platform.ts";
import { findEngine } from "../scripts/engine/find_engine.ts";
import { readImage } from "../scripts/image/read_image.ts";
import { messageOf, UserError } from "../scripts/lib/errors.ts";
import { deno, EXAMPLES } from "./example.ts";

const PROJECT = join(import.meta.dirname ?? ".", "..");
const FOREIGN: Architecture = HOST === "amd64" ? "arm64" : "amd64";
const SERVICES = {
  hello: PROJECT,
  caller: join(EXAMPLES, "caller"),
  api: join(EXAMPLES, "api"),
};
type Service = keyof typeof SERVICES;

async function prepare(name: EngineName): Promise<Engine | string> {
  try {
    const engine = await findEngine({ engine: name });
    await assembleBases({ engine });
    await assembleBases({ engine, architecture: FOREIGN });
    return engine;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return messageOf(error);
  }
}

const noPackages = await deno(SERVICES.api, "install", "--frozen")
  .then(() => undefined, (error) => messageOf(error).split("\n", 2).join(" "));

/** Builds a service for an architecture; gives its tag. */
async function build(
  engine: Engine,
  service: Service,
  architecture = HOST,
  noCache = false,
): Promise<string> {
  const bases = await assembleBases({ engine, architecture });
  const context = SERVICES[service];
  const tag = `localhost/layered-test-${Deno.pid}:${service}-${architecture}`;
  await engine.build({
    context,
    dockerfile: join(context, "Dockerfile.layered"),
    tag,
    platform: architecture === HOST ? undefined : `linux/${architecture}`,
    noCache,
    buildArgs: {
      BUILDER_IMAGE: bases.builder,
      RUNTIME_IMAGE: bases.runtime,
      DENO_FLAGS: service === "hello"
        ? "--import-map offline/import_map.json --no-lock"
        : "",
    },
  });
  return tag;
}

/** Paths of the files in each layer, and how large the layer is. */
async function layersOf(engine: Engine, tag: string) {
  const { layers } = await readImage({
    reference: tag,
    open: (signal) => engine.export(tag, signal),
  });
  return layers.map(({ entries }) => {
    const files = entries.filter(({ type }) => type !== "directory");
    return {
      paths: files.map(({ path }) => path).sort(),
      bytes: files.reduce((sum, { size }) => sum + size, 0),
    };
  });
}

/** The first answer; a container takes a moment to listen. */
async function answerOf(url: string): Promise<string> {
  for (let tries = 600; tries > 0; tries--) {
    try {
      return await (await fetch(url)).text();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`${url} does not answer`);
}

for (const name of ["docker", "podman", "buildah"] as const) {
  const engine = await prepare(name);
  const tags = new Set<string>();
  const test = (
    title: string,
    fn: (engine: Engine) => Promise<void>,
    lacking?: string,
  ) => {
    const reason = typeof engine === "string" ? engine : lacking;
    Deno.test({
      name: `${name}: ${title}` + (reason ? ` (skipped: ${reason})` : ""),
      ignore: reason !== undefined,
      fn: () => typeof engine === "string" ? Promise.resolve() : fn(engine),
    });
  };

  for (const architecture of [HOST, FOREIGN]) {
    test(`services share the runtime's layer for ${architecture}`, async (engine) => {
      const shared = new Set<string>();
      const own = new Set<string>();
      const services: Service[] = noPackages
        ? ["hello", "caller"]
        : ["hello", "caller", "api"];
      for (const service of services) {
        const tag = await build(engine, service, architecture);
        tags.add(tag);
        const info = await engine.inspect(tag);
        assertEquals(info?.architecture, architecture);
        assertEquals(info?.diffIds.length, 2);
        shared.add(info?.diffIds[0] ?? "");
        own.add(info?.diffIds[1] ?? "");
        const [runtime, program] = await layersOf(engine, tag);
        assertEquals(program.paths, [service]);
        if (service !== "api") assertLess(program.bytes, 32_000);
        assert(runtime.paths.includes("denort"), `${runtime.paths}`);
        const others = runtime.paths.filter((path) => !path.startsWith("lib"));
        assertEquals(others, ["denort", "etc/group", "etc/passwd"]);
      }
      assertEquals([shared.size, own.size], [1, services.length]);
    });
  }

  test("what is built again is the same", async (engine) => {
    const tag = await build(engine, "hello");
    tags.add(tag);
    const first = await engine.inspect(tag);
    await build(engine, "hello", HOST, true);
    const second = await engine.inspect(tag);
    assertEquals(second?.diffIds, first?.diffIds);
  });

  test("it runs read-only, powerless, small and as anyone", async (engine) => {
    const tag = await build(engine, "hello");
    tags.add(tag);
    const wanted = {
      readOnly: true,
      dropCapabilities: true,
      noNewPrivileges: true,
      memoryBytes: 96 * 1024 * 1024,
      pids: 32,
      user: "12345:12345",
    };
    const possible = Object.entries(wanted)
      .filter(([restriction]) => !(restriction in engine.cannot));
    await using container = await engine.run({
      image: tag,
      port: 8080,
      ...Object.fromEntries(possible),
    });
    assertEquals(await answerOf(`${container.url}/health`), '{"Status":"OK"}');
    const check = await container.exec(["/hello", "healthcheck"]);
    assertEquals(check.code, 0, check.output);
    const pid = await container.pid();
    if (pid !== undefined) {
      // The process is named like the program, as the whole one's is.
      const comm = await Deno.readTextFile(`/proc/${pid}/comm`);
      assertEquals(comm, "hello\n");
    }
    await container.kill("SIGTERM");
    assertEquals(await container.exited, 0);
  });

  test("packages and embedded files are served", async (engine) => {
    const tag = await build(engine, "api");
    tags.add(tag);
    await using container = await engine.run({ image: tag, port: 8080 });
    const page = await answerOf(`${container.url}/`);
    const file = await Deno.readTextFile(
      join(SERVICES.api, "static/index.html"),
    );
    assertEquals(page, file);
  }, noPackages);

  test(`the program for ${FOREIGN} serves`, async (engine) => {
    const tag = await build(engine, "hello", FOREIGN);
    tags.add(tag);
    await using container = await engine.run({ image: tag, port: 8080 });
    assertEquals(await answerOf(`${container.url}/health`), '{"Status":"OK"}');
  }, cannotRun(FOREIGN));

  test("what the tests built is removed", async (engine) => {
    for (const tag of tags) {
      if (await engine.inspect(tag)) await engine.remove(tag);
    }
  });
}

for (const service of ["api", "caller"] as const) {
  Deno.test(`examples/${service} has the script as it is`, async () => {
    const [ours, theirs] = await Promise.all([
      Deno.readTextFile(join(PROJECT, "scripts/deno_binary/split.ts")),
      Deno.readTextFile(join(SERVICES[service], "split.ts")),
    ]);
    assertEquals(theirs, ours, "Copy scripts/deno_binary/split.ts there");
  });
}
