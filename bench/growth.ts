/**
 * `deno run -A bench/growth.ts`: how `inspect` grows with bytes, files and layers,
 * on archives on disk that were never read, and how a run grows with variants.
 * `LARGEST` is the largest archive in GB (8).
 *
 * @module
 */
import { join } from "node:path";
import { formatBytes, formatDuration } from "../scripts/lib/format.ts";
import { benchFolder, hasCommand, runBench, setting } from "./commands.ts";
import { measure, table } from "./images.ts";
import { type LayerPlan, makeImage, writeChunks } from "./make_image.ts";
import { inspect } from "./inspect_cost.ts";

const MB = 1e6;
const LARGEST = setting("LARGEST", 8);
const FILES = [10_000, 100_000, 1_000_000];
const LAYERS = 100;
const VARIANTS = [1, 5, 10];

/** Files of 1 MB, half of each zeros. */
function ofBytes(gigabytes: number): LayerPlan[] {
  const count = gigabytes * 1000;
  return [{ files: [{ count, bytes: MB, prefix: "a" }], zeros: 0.5 }];
}

function ofFiles(count: number): LayerPlan[] {
  return [{ files: [{ count, bytes: 900, prefix: "usr/share" }] }];
}

function ofLayers(count: number): LayerPlan[] {
  return Array.from({ length: count }, (_, index) => ({
    files: [{ count: 100, bytes: 10_000, prefix: `layer-${index}` }],
  }));
}

async function row(
  folder: string,
  name: string,
  plan: LayerPlan[],
): Promise<string[]> {
  const path = join(folder, "image.tar");
  await writeChunks(
    makeImage("bench:growth", plan),
    (await Deno.create(path)).writable,
  );
  const { size } = await Deno.stat(path);
  const { seconds, peakBytes } = await inspect(path, join(folder, "cache"));
  await Deno.remove(path);
  return [
    name,
    formatDuration(seconds * 1000),
    `${formatBytes(size / seconds)}/s`,
    formatBytes(peakBytes),
  ];
}

/** Runs with so many copies of a Dockerfile. */
async function variants(folder: string): Promise<string[][]> {
  const rows = [["variants", "first run, --quick", "again"]];
  for (const count of VARIANTS) {
    const context = join(folder, `variants-${count}`);
    await Deno.mkdir(context);
    const text = "FROM scratch\nCOPY file /\nENV NUMBER=";
    await Deno.writeFile(join(context, "file"), new Uint8Array(50 * MB));
    for (let index = 0; index < count; index++) {
      const path = join(context, `Dockerfile.v${index}`);
      await Deno.writeTextFile(path, `${text}${index}\n`);
    }
    const took: number[] = [];
    for (let run = 0; run < 2; run++) {
      const before = performance.now();
      // Nothing in it serves: what counts is building and reading.
      await measure(context, join(context, "report"), ["--quick"]);
      took.push(performance.now() - before);
    }
    rows.push([`${count}`, ...took.map(formatDuration)]);
  }
  return rows;
}

async function main(): Promise<void> {
  const folder = await benchFolder();
  const rows = [["image", "time", "rate", "peak memory"]];
  for (let gigabytes = 1; gigabytes <= LARGEST; gigabytes *= 2) {
    rows.push(await row(folder, `${gigabytes} GB`, ofBytes(gigabytes)));
  }
  for (const count of FILES) {
    const name = `${count.toLocaleString("en")} files`;
    rows.push(await row(folder, name, ofFiles(count)));
  }
  rows.push(await row(folder, `${LAYERS} layers`, ofLayers(LAYERS)));
  console.log(table(rows));
  if (await hasCommand("docker")) {
    console.log(`\n${table(await variants(folder))}`);
  }
}

await runBench(main);
