/**
 * `deno run -A bench/inspect.ts [IMAGE...]`: `deno task image inspect` and dive on
 * the same images in turn, medians of `RUNS`. Cold is an image that was never read, warm one that
 * was. Without names it makes three images of the sizes of our variants.
 *
 * dive: `go install github.com/wagoodman/dive@v0.13.1`; `DIVE` names the binary
 * when it is not in the path.
 *
 * @module
 */
import { join } from "node:path";
import { formatBytes } from "../scripts/lib/format.ts";
import { type LayerPlan, makeImage, writeChunks } from "./make_image.ts";
import { inspect } from "./inspect_cost.ts";
import { type Cost, runProcess } from "./run_process.ts";

const DIVE = Deno.env.get("DIVE") ?? "dive";
const RUNS = Number(Deno.env.get("RUNS") ?? 3);
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

function median(costs: Cost[]): Cost {
  const sorted = costs.toSorted((a, b) => a.seconds - b.seconds);
  return sorted[Math.floor(sorted.length / 2)];
}

function line(name: string, { seconds, cpuSeconds, peakBytes }: Cost): void {
  console.log(
    `  ${name.padEnd(12)} ${seconds.toFixed(2).padStart(6)} s   CPU ${
      cpuSeconds.toFixed(2).padStart(5)
    } s   peak ${formatBytes(peakBytes)}`,
  );
}

/** All contenders on the same images, in turn, so that none has the quieter machine. */
async function contest(
  title: string,
  images: string[],
  contenders: Record<string, (image: string) => Promise<Cost>>,
): Promise<void> {
  const all = Object.entries(contenders)
    .map(([name, run]) => ({ name, run, costs: [] as Cost[] }));
  for (let round = 0; round < RUNS; round++) {
    for (const { run, costs } of all) costs.push(await inTurn(images, run));
  }
  console.log(`${title}, ${images.length} images, median of ${RUNS}:`);
  for (const { name, costs } of all) line(name, median(costs));
  const [first, ...others] = all;
  for (const { name, costs } of others) {
    const ratio = median(first.costs).seconds / median(costs).seconds;
    console.log(`  ${first.name} / ${name}: ${ratio.toFixed(2)}`);
  }
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
        await runProcess("docker", ["load", "--quiet", "--input", archive]);
        made.push(name);
      }
    }
    await contest("archives on disk", archives, {
      dive: (path) => dive(["--source", "docker-archive", path]),
      inspect: (path) => inspect(path, folder),
    });
    if (docker) {
      let run = 0;
      const warm = join(folder, "warm");
      await inTurn(names, (name) => inspect(name, warm));
      await contest("from docker, its export included", names, {
        dive: (name) => dive([name]),
        cold: (name) => inspect(name, join(folder, `cold-${run++}`)),
        warm: (name) => inspect(name, warm),
      });
    }
  } finally {
    for (const name of made) await runProcess("docker", ["rmi", name]);
    await Deno.remove(folder, { recursive: true });
  }
}

await main();
