/**
 * The Dockerfiles, built by a real engine on assembled bases: what is in the
 * images, and how they run when they are given next to nothing.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { libraries } from "../scripts/inspect/surface.ts";
import { probe } from "../scripts/inspect/probe.ts";
import { rootfs } from "../scripts/image/rootfs.ts";
import { waste } from "../scripts/inspect/analyse_image.ts";
import { readImage } from "../scripts/image/read_image.ts";
import { assembleBases } from "../scripts/bases/choose_bases.ts";
import { findEngine } from "../scripts/engine/find_engine.ts";
import { messageOf, UserError } from "../scripts/lib/errors.ts";
import type { Image } from "../scripts/image/model.ts";
import type { Engine, EngineName } from "../scripts/engine/engine.ts";
import type { Bom } from "../scripts/sbom/bill_of_materials.ts";
import { complaints } from "../testing/inventory.ts";

const project = `${import.meta.dirname}/..`;
const TAG = `localhost/deno-small-image-dockerfiles-test-${Deno.pid}`;
const variants = ["Dockerfile", "Dockerfile.multistage", "Dockerfile.scratch"];
const tags = new Set<string>();

/** An engine and bases to build on, or the reason why there are none. */
async function prepare() {
  try {
    const engine = await findEngine();
    return { engine, bases: await assembleBases({ engine }) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { reason: messageOf(error) };
  }
}

const { engine, bases, reason } = await prepare();
const images = new Map<string, Image>();
let compiles = 0;

/** Registers a test that needs an engine, and maybe a certain one. */
function test(
  name: string,
  fn: (engine: Engine) => Promise<void>,
  only?: EngineName,
) {
  const missing = engine && only && engine.name !== only
    ? `${engine.name} cannot`
    : reason;
  Deno.test({
    name: missing ? `${name} (skipped: ${missing})` : name,
    ignore: missing !== undefined,
    fn: () => engine ? fn(engine) : Promise.resolve(),
  });
}

/** Builds a Dockerfile of a context and returns the tag. */
async function build(
  engine: Engine,
  file: string,
  options: { context?: string; target?: string; name?: string } = {},
): Promise<string> {
  const { context = project, target, name = file } = options;
  const tag = `${TAG}:${name.toLowerCase()}`;
  tags.add(tag);
  await engine.build({
    context,
    dockerfile: `${context}/${file}`,
    tag,
    target,
    buildArgs: {
      BUILDER_IMAGE: bases?.builder ?? "",
      RUNTIME_IMAGE: bases?.runtime ?? "",
      DENO_FLAGS: "--import-map offline/import_map.json --no-lock",
    },
    onLine: (line) => {
      if (line.includes("Embedded Files")) compiles++;
    },
  });
  return tag;
}

/** A copy of the context with one file changed. */
async function changed(file: string, change: (text: string) => string) {
  const path = await Deno.makeTempDir({ prefix: "dockerfiles-test-" });
  const { success } = await new Deno.Command("cp", {
    args: [
      "-r",
      ...[...variants, ".dockerignore", "deno.json", "deno.lock", "main.ts"],
      ...["main_test.ts", "offline", path],
    ],
    cwd: project,
  }).output();
  assert(success);
  const text = await Deno.readTextFile(`${path}/${file}`);
  assert(change(text) !== text);
  await Deno.writeTextFile(`${path}/${file}`, change(text));
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

function imageOf(variant: string): Image {
  const image = images.get(variant);
  assert(image, `${variant} was not built`);
  return image;
}

test("one compile serves all three", async (engine) => {
  for (const variant of variants) {
    const tag = await build(engine, variant);
    images.set(
      variant,
      await readImage({
        reference: tag,
        open: (signal) => engine.export(tag, signal),
      }, {
        probe,
      }),
    );
  }
  // None, when the engine still has it from before.
  assertLess(compiles, 2);
  const programs = variants.map((variant) =>
    rootfs(imageOf(variant)).files.get("hello")?.inode.sha256
  );
  assert(programs[0]);
  assertEquals(programs, [programs[0], programs[0], programs[0]]);
});

test("sbom lists what is there, and traces what scratch copied", async () => {
  const from = {
    "Dockerfile.multistage": [],
    "Dockerfile.scratch": ["--from", bases?.builder ?? ""],
  };
  const bills = new Map<string, Bom>();
  for (const [variant, options] of Object.entries(from)) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", `${project}/scripts/image.ts`, "sbom"]
        .concat(`${TAG}:${variant.toLowerCase()}`)
        .concat(options),
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const bill: Bom = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals(await complaints(bill), null);
    bills.set(variant, bill);
    const names = bill.components.map(({ name }) => name);
    for (const name of ["hello", "main.ts", "deno", "v8", "libc6"]) {
      assert(names.includes(name), `${variant} has no ${name}`);
    }
  }
  const scratch = bills.get("Dockerfile.scratch")?.components ?? [];
  const untraced = scratch.filter(({ properties }) =>
    properties?.some(({ name }) => name === "deno-small-image:traced")
  );
  assertEquals(untraced.map(({ name }) => name), []);
  const libc = scratch.find(({ name }) => name === "libc6");
  const files = libc?.evidence?.occurrences?.map(({ location }) => location);
  assert(files?.some((path) => path.endsWith("/libc.so.6")), `${files}`);
  const program = rootfs(imageOf("Dockerfile.scratch")).files.get("hello");
  assertEquals(
    scratch.find(({ name }) => name === "hello")?.hashes?.[0].content,
    program?.inode.sha256,
  );
});

test("multi-stage is its base and one layer with the binary", async (engine) => {
  const image = imageOf("Dockerfile.multistage");
  const base = await engine.inspect(bases?.runtime ?? "");
  assertEquals(
    image.layers.slice(0, -1).map(({ diffId }) => diffId),
    base?.diffIds,
  );
  const added = image.layers.at(-1)?.entries
    .filter(({ type }) => type !== "directory");
  assertEquals(
    added?.map((
      { path, type, mode, uid, gid },
    ) => [path, type, mode, uid, gid]),
    [["hello", "file", 0o755, 0, 0]],
  );
  assertEquals(waste(image, rootfs(image)).wasteBytes, 0);
});

test("scratch is the binary, its loader, its libraries and a user", () => {
  const image = imageOf("Dockerfile.scratch");
  const tree = rootfs(image);
  const { interpreter, libraries: needed, missing } = libraries(image, tree);
  assertEquals(missing, []);
  const entries = [...tree.files.values()].map(({ entry }) => entry)
    .filter(({ type }) => type !== "directory");
  assertEquals(entries.filter(({ type }) => type !== "file"), []);
  const own = ["etc/group", "etc/passwd", "hello"];
  const paths = entries.map(({ path }) => path);
  assertEquals(paths.filter((path) => own.includes(path)).toSorted(), own);
  assert(interpreter);
  assertEquals(
    paths.filter((path) => !own.includes(path)).map(nameOf).toSorted(),
    [...new Set([interpreter, ...needed ?? []].map(nameOf))].toSorted(),
  );
  assertEquals(image.layers.length, 1);
  const { sizeBytes, wasteBytes } = waste(image, tree);
  assertEquals(wasteBytes, 0);
  const loaded = entries.filter(({ path }) => !path.startsWith("etc/"))
    .reduce((sum, { size }) => sum + size, 0);
  assertLess(sizeBytes - loaded, 64 * 1024);
  return Promise.resolve();
});

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

for (const variant of variants) {
  test(`${variant} runs read-only, powerless and as anyone`, async (engine) => {
    const wanted = {
      readOnly: true,
      dropCapabilities: true,
      noNewPrivileges: true,
      user: "12345:12345",
    };
    const possible = Object.entries(wanted).filter(([restriction]) =>
      !(restriction in engine.cannot)
    );
    const container = await engine.run({
      image: `${TAG}:${variant.toLowerCase()}`,
      port: 8080,
      ...Object.fromEntries(possible),
    });
    try {
      assertEquals(
        await answerOf(`${container.url}/health`),
        '{"Status":"OK"}',
      );
      await container.kill("SIGTERM");
      assertEquals(await container.exited, 0);
      assertStringIncludes(await container.logs(), "Stopped");
    } finally {
      await container[Symbol.asyncDispose]();
    }
  });
}

/** The body of the first answer; a container takes a moment to listen. */
async function answerOf(url: string): Promise<string> {
  for (let tries = 200; tries > 0; tries--) {
    try {
      const response = await fetch(url);
      return await response.text();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`${url} does not answer`);
}

test("run-test-stage passes, and fails when a test fails", async (engine) => {
  const target = "run-test-stage";
  await build(engine, "Dockerfile.multistage", { target, name: "test-stage" });
  await using broken = await changed(
    "main_test.ts",
    (text) => text.replace("Hello, Deno!", "Hallo, Deno!"),
  );
  const options = { context: broken.path, name: "broken" };
  const error = await assertRejects(
    () => build(engine, "Dockerfile.multistage", { ...options, target }),
    UserError,
  );
  assertStringIncludes(error.output ?? "", "Hallo, Deno!");
  // The release does not depend on it.
  await build(engine, "Dockerfile.multistage", options);
});

test("the heap is sized by the container's limit", async (engine) => {
  await using other = await changed(
    "main.ts",
    () =>
      'import { getHeapStatistics } from "node:v8";\n' +
      "console.log(getHeapStatistics().heap_size_limit);\n",
  );
  const image = await build(engine, "Dockerfile.scratch", {
    context: other.path,
    name: "heap",
  });
  const heapLimit = async (memory: string) => {
    const { stdout } = await new Deno.Command("docker", {
      args: ["run", "--rm", "--cgroupns=private", `--memory=${memory}`, image],
    }).output();
    const bytes = Number(new TextDecoder().decode(stdout));
    assert(bytes > 0);
    return bytes;
  };
  const small = await heapLimit("128m");
  // Half of the limit, but never less than V8's own floor of 262 MB.
  assertLess(small, 300 * 1024 * 1024);
  assertLess(small, await heapLimit("1g"));
  // buildah runs without a cgroup of its own.
}, "docker");

test("what the tests built is removed", async (engine) => {
  for (const tag of tags) {
    if (await engine.inspect(tag)) await engine.remove(tag);
  }
});
