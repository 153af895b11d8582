/**
 * `deno run -A bench/inspect.ts [IMAGE...]`: `deno task image inspect` and dive on
 * the same images in one run, and our memory on a huge image and on one of very
 * many files. Without names it makes three images of the sizes of our variants.
 *
 * dive: `go install github.com/wagoodman/dive@v0.13.1`; `DIVE` names the binary
 * when it is not in the path.
 *
 * @module
 */
import { join } from "node:path";
import { formatBytes } from "../scripts/format.ts";
import { type LayerPlan, makeImage, writeChunks } from "./make_image.ts";
import { type Cost, runProcess } from "./run_process.ts";

const DIVE = Deno.env.get("DIVE") ?? "dive";
const RUNS = Number(Deno.env.get("RUNS") ?? 3);
const ROOT = new URL("..", import.meta.url);
const MB = 1e6;

const MADE: Record<string, LayerPlan[]> = {
  "bench-inspect:single-stage": [
    { files: [{ count: 6000, bytes: 20_000, prefix: "usr" }] },
    {
      files: [
        { count: 1, bytes: 118 * MB, prefix: "deno" },
        { count: 1, bytes: 92 * MB, prefix: "denort" },
      ],
    },
    { files: [{ count: 1, bytes: 92 * MB, prefix: "app" }] },
  ],
  "bench-inspect:multi-stage": [
    { files: [{ count: 1700, bytes: 17_000, prefix: "usr" }] },
    { files: [{ count: 1, bytes: 92 * MB, prefix: "app" }] },
  ],
  "bench-inspect:scratch": [
    {
      files: [
        { count: 8, bytes: 400_000, prefix: "lib" },
        { count: 1, bytes: 92 * MB, prefix: "app" },
      ],
    },
  ],
};

const HUGE: [string, LayerPlan[]][] = [
  ["image of 4 GB", [
    { files: [{ count: 4, bytes: 500 * MB, prefix: "a" }], zeros: 0.5 },
    { files: [{ count: 2000, bytes: MB, prefix: "b" }], zeros: 0.5 },
  ]],
  ["image of 200,000 files", [
    { files: [{ count: 200_000, bytes: 900, prefix: "usr/share" }] },
  ]],
];

/** The words of `deno task image`, whose flags for V8 keep memory low. */
function taskWords(): string[] {
  const text = Deno.readTextFileSync(new URL("deno.json", ROOT));
  const [, ...words] = JSON.parse(text).tasks.image.command.split(" ");
  return words;
}

const TASK = taskWords();

function inspect(image: string): Promise<Cost> {
  return runProcess(Deno.execPath(), [...TASK, "inspect", image]);
}

function dive(args: string[]): Promise<Cost> {
  return runProcess(DIVE, args, { CI: "true" });
}

/** One after the other: what all of them took together. */
async function inTurn(
  images: string[],
  run: (image: string) => Promise<Cost>,
): Promise<Cost> {
  const total: Cost = { seconds: 0, cpuSeconds: 0, peakBytes: 0 };
  for (const image of images) {
    const cost = await run(image);
    total.seconds += cost.seconds;
    total.cpuSeconds += cost.cpuSeconds;
    total.peakBytes = Math.max(total.peakBytes, cost.peakBytes);
  }
  return total;
}

/** All at the same time: what the slowest took, and the CPU of all. */
async function atOnce(
  images: string[],
  run: (image: string) => Promise<Cost>,
): Promise<Cost> {
  const costs = await Promise.all(images.map(run));
  return {
    seconds: Math.max(...costs.map(({ seconds }) => seconds)),
    cpuSeconds: costs.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    peakBytes: Math.max(...costs.map(({ peakBytes }) => peakBytes)),
  };
}

/** The run that took least time: noise only ever adds. */
async function best(run: () => Promise<Cost>, costs: Cost[] = []) {
  costs.push(await run());
  return costs.reduce((a, b) => b.seconds < a.seconds ? b : a);
}

function line(name: string, { seconds, cpuSeconds, peakBytes }: Cost): void {
  console.log(
    `  ${name.padEnd(10)} ${seconds.toFixed(2).padStart(6)} s   CPU ${
      cpuSeconds.toFixed(2).padStart(5)
    } s   peak ${formatBytes(peakBytes)}`,
  );
}

/** Both tools on the same images, taking turns so that neither has the warmer cache. */
async function duel(
  title: string,
  images: string[],
  ours: (image: string) => Promise<Cost>,
  theirs: (image: string) => Promise<Cost>,
  all = inTurn,
): Promise<void> {
  const costs: [Cost[], Cost[]] = [[], []];
  let us: Cost | undefined;
  let them: Cost | undefined;
  for (let round = 0; round < RUNS; round++) {
    them = await best(() => all(images, theirs), costs[1]);
    us = await best(() => all(images, ours), costs[0]);
  }
  if (us === undefined || them === undefined) return;
  console.log(`${title}, ${images.length} images, best of ${RUNS}:`);
  line("dive", them);
  line("inspect", us);
  console.log(`  dive / inspect: ${(them.seconds / us.seconds).toFixed(2)}`);
}

async function memory(folder: string): Promise<void> {
  console.log("memory of inspect, read from a pipe:");
  for (const [name, plan] of HUGE) {
    const pipe = join(folder, "pipe");
    await runProcess("mkfifo", [pipe]);
    const running = inspect(pipe);
    const file = await Deno.open(pipe, { write: true });
    await writeChunks(makeImage("bench:huge", plan), file.writable);
    line(name, await running);
    await Deno.remove(pipe);
  }
}

/** Gives an archive to the engine. */
async function load(archive: string): Promise<void> {
  await runProcess("docker", ["load", "--quiet", "--input", archive]);
}

async function hasDocker(): Promise<boolean> {
  return await runProcess("docker", ["version"]).then(() => true, () => false);
}

async function main(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "bench-inspect-" });
  const made: string[] = [];
  const docker = await hasDocker();
  try {
    const names = Deno.args.length > 0 ? Deno.args : Object.keys(MADE);
    const archives: string[] = [];
    for (const [index, name] of names.entries()) {
      const archive = join(folder, `${index}.tar`);
      archives.push(archive);
      if (Deno.args.length > 0) {
        await runProcess("docker", ["save", "--output", archive, name]);
        continue;
      }
      const file = await Deno.create(archive);
      await writeChunks(makeImage(name, MADE[name]), file.writable);
      if (docker) {
        await load(archive);
        made.push(name);
      }
    }
    await duel(
      "archives on disk",
      archives,
      inspect,
      (path) => dive(["--source", "docker-archive", path]),
    );
    if (docker) {
      const engine = (name: string) => dive([name]);
      await duel("from the engine, in turn", names, inspect, engine);
      await duel("from the engine, at once", names, inspect, engine, atOnce);
    }
    await memory(folder);
  } finally {
    for (const name of made) await runProcess("docker", ["rmi", name]);
    await Deno.remove(folder, { recursive: true });
  }
}

await main();
