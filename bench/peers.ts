/**
 * `deno task bench peers`: the same two routes as people would ship them in Go,
 * Bun, Node and Deno, measured by the tool itself in one report, then under load
 * and beside a second service. Needs Docker; Go, Bun and Node come as images, or,
 * without a registry, from the machine and npm onto the tool's own builder base.
 *
 * @module
 */
import { join } from "node:path";
import { assembleBases } from "../scripts/bases/choose_bases.ts";
import { findEngine } from "../scripts/engine/find_engine.ts";
import { formatBytes, formatDuration } from "../scripts/lib/format.ts";
import { median } from "../scripts/measure/measure_services.ts";
import type { Variant } from "../scripts/report/report_schema.ts";
import {
  benchFolder,
  output,
  required,
  runBench,
  setting,
} from "./commands.ts";
import { measure, proportional, type Running, start, table } from "./images.ts";
import { load } from "./wrk.ts";

const ROUNDS = setting("ROUNDS", 10);
const SECONDS = setting("SECONDS", 1);
const ROOT = new URL("..", import.meta.url).pathname;
const PEERS = join(ROOT, "bench/peers");
const TOOLCHAINS = "localhost/deno-small-image/peer";

/** Files of the project itself that the Deno variants are built from. */
const OWN = [
  "main.ts",
  "deno.json",
  "deno.lock",
  "Dockerfile.scratch",
  "Dockerfile.layered",
  "scripts/deno_binary/split.ts",
  "offline",
];
const GREETING = "Hello, Deno! <3";

/** One context with every variant, and the second one with another greeting. */
async function makeContext(folder: string, greeting: string): Promise<void> {
  await output(["cp", "-r", PEERS, folder]);
  for (const path of OWN) {
    const target = join(folder, path);
    await Deno.mkdir(join(target, ".."), { recursive: true });
    await output(["cp", "-r", join(ROOT, path), target]);
  }
  const sources = ["main.ts", "bun.ts", "node.cjs", "echo/main.go"];
  for (const path of [...sources, "contract.json"]) {
    const file = join(folder, path);
    const text = await Deno.readTextFile(file);
    if (!text.includes(GREETING)) throw new Error(`No greeting in ${path}`);
    await Deno.writeTextFile(file, text.replace(GREETING, greeting));
  }
  // deno-fmt-ignore
  await output([
    Deno.execPath(), "bundle", "--quiet", "--no-lock",
    "--import-map", join(ROOT, "offline/import_map.json"),
    "--output", join(folder, "hello.js"), join(folder, "main.ts"),
  ]);
  await output(["go", "mod", "vendor"], { cwd: join(folder, "echo") });
}

/** Whether the public images can be pulled. */
async function hasRegistry(): Promise<boolean> {
  return await output(["docker", "pull", "--quiet", "golang:1.26"])
    .then(() => true, () => false);
}

/** Builds the images that Go, Bun and Node come in, from the machine and npm. */
async function toolchains(builder: string, folder: string) {
  const npm = join(folder, "npm");
  await Deno.mkdir(npm);
  const arch = Deno.build.arch === "aarch64"
    ? { bun: "aarch64", node: "arm64" }
    : { bun: "x64", node: "x64" };
  const packages = [`@oven/bun-linux-${arch.bun}`, `node-linux-${arch.node}`];
  await output([
    ...["npm", "install", "--no-save", "--no-audit", "--no-fund", "--force"],
    ...["--prefix", npm, ...packages],
  ]);
  const [bun, node] = packages.map((name) => join(npm, "node_modules", name));
  // Node 26 needs a library that the builder base does not have.
  const nodeFiles = join(folder, "node");
  await Deno.mkdir(join(nodeFiles, "usr"), { recursive: true });
  await output(["apt-get", "download", "libatomic1"], { cwd: folder });
  const deb = [...Deno.readDirSync(folder)].find(({ name }) =>
    name.startsWith("libatomic1")
  );
  await output(["dpkg-deb", "-x", join(folder, `${deb?.name}`), nodeFiles]);
  await output(["cp", "-r", join(node, "bin"), join(nodeFiles, "usr")]);
  const goRoot = (await output(["go", "env", "GOROOT"])).trim();
  const parts = {
    go: {
      context: goRoot,
      copy: ". /usr/local/go/",
      path: "/usr/local/go/bin",
    },
    bun: { context: join(bun, "bin"), copy: "bun /usr/bin/bun", path: "" },
    node: { context: nodeFiles, copy: "usr/ /usr/", path: "" },
  };
  const args: string[] = [];
  for (const [name, { context, copy, path }] of Object.entries(parts)) {
    const dockerfile = join(folder, `Dockerfile.${name}-toolchain`);
    await Deno.writeTextFile(
      dockerfile,
      `FROM ${builder}\nCOPY ${copy}\n` +
        (path === "" ? "" : `ENV PATH=${path}:/usr/bin:/bin\n`),
    );
    const tag = `${TOOLCHAINS}-${name}`;
    await output(
      ["docker", "build", "--quiet", "-f", dockerfile, "-t", tag, context],
      { env: { DOCKER_BUILDKIT: "1" } },
    );
    args.push("--build-arg", `${name.toUpperCase()}_IMAGE=${tag}`);
  }
  return args;
}

/** Requests a second of each image, in turns, and its p99 in ms. */
async function throughput(images: Map<string, string>) {
  const found = new Map<string, { perSecond: number; p99: number }>();
  const rounds = new Map<string, { perSecond: number; p99: number }[]>();
  await using stack = new AsyncDisposableStack();
  const running = new Map<string, Running>();
  for (const [name, image] of images) {
    running.set(name, stack.use(await start(image)));
    rounds.set(name, []);
  }
  for (let round = -1; round < ROUNDS; round++) {
    for (const [name, { url }] of running) {
      const result = await load({
        url: `${url}/health`,
        connections: 64,
        seconds: round < 0 ? 2 * SECONDS : SECONDS,
        core: 1,
      });
      // The first turn warms up.
      if (round >= 0) rounds.get(name)?.push(result);
    }
  }
  for (const [name, results] of rounds) {
    found.set(name, {
      perSecond: median(results.map(({ perSecond }) => perSecond)),
      p99: median(results.map(({ p99 }) => p99)),
    });
  }
  return found;
}

/** Compressed bytes of the layers that the first report does not have. */
export function nextDeploy(before: Variant, after: Variant): number {
  const kept = new Set(before.layers.map(({ digest }) => digest));
  return after.layers.filter(({ digest }) => !kept.has(digest))
    .reduce((sum, { gzipBytes = NaN }) => sum + gzipBytes, 0);
}

async function main(): Promise<void> {
  await required(["docker", "go", "npm", "wrk", "taskset"]);
  const folder = await benchFolder();
  const [first, second] = ["hello", "second"].map((name) => join(folder, name));
  await makeContext(first, GREETING);
  await makeContext(second, "Hello, world <3");

  const args: string[] = [];
  if (!await hasRegistry()) {
    const engine = await findEngine({ engine: "docker" });
    const { builder } = await assembleBases({ engine });
    args.push(...await toolchains(builder, folder), "--bases", "packages");
  }
  const report = await measure(
    first,
    join(folder, "out"),
    [...args, "--against", "scratch"],
  );
  const changed = await measure(
    second,
    join(folder, "changed"),
    [...args, "--against", "scratch", "--quick"],
  );
  for (const failure of [...report.failures, ...changed.failures]) {
    console.error(`${failure.name}: ${failure.message}`);
  }
  const built = report.variants.filter(({ name }) =>
    changed.variants.some((each) => each.name === name)
  );
  const load = await throughput(
    new Map(built.map(({ name, image }) => [name, image.reference])),
  );
  const rows: (string | undefined)[][] = [[
    "",
    "size",
    "pull",
    "next deploy",
    "start",
    "memory",
    "further service",
    "requests/s",
    "p99",
  ]];
  for (const variant of built) {
    const other = changed.variants.find(({ name }) => name === variant.name);
    if (other === undefined) continue;
    await using _first = await start(variant.image.reference);
    await using further = await start(other.image.reference);
    const { perSecond, p99 } = load.get(variant.name) ?? {};
    rows.push([
      variant.name,
      formatBytes(variant.sizeBytes),
      variant.pullBytes?.gzip && formatBytes(variant.pullBytes.gzip),
      formatBytes(nextDeploy(variant, other)),
      variant.startMs && formatDuration(variant.startMs.median),
      variant.memoryBytes && formatBytes(variant.memoryBytes.idle),
      formatBytes(await proportional(further.pid)),
      perSecond && Math.round(perSecond).toLocaleString("en"),
      p99 && `${p99.toFixed(2)} ms`,
    ].map((cell) => cell === undefined ? undefined : String(cell)));
  }
  console.log(table(rows));
}

if (import.meta.main) await runBench(main);
