/**
 * `deno run -A bench/tried.ts [WORD...]`: start, memory, throughput and size of
 * the service, compiled and run in many ways, as a Markdown table. The ways take
 * turns, so that noise hits all alike; words choose those whose name has them.
 *
 * `STARTS`, `ROUNDS` and `SECONDS` change how often and how long.
 *
 * @module
 */
import { markdownTable } from "markdown-table";
import { messageOf } from "../scripts/errors.ts";
import { formatBytes } from "../scripts/format.ts";
import { median } from "../scripts/measure/statistics.ts";
import {
  benchFolder,
  hasCommand,
  output,
  required,
  runBench,
  setting,
} from "./commands.ts";
import { type Compile, serviceCompiler, shipped } from "./programs.ts";
import { type Program, SHIPPED_ENV, startService } from "./service.ts";
import { type Candidate, CANDIDATES, PLAIN } from "./tried_candidates.ts";
import { load } from "./wrk.ts";

const STARTS = setting("STARTS", 15);
const ROUNDS = setting("ROUNDS", 3);
const SECONDS = setting("SECONDS", 2);
const CONNECTIONS = 64;

/** A figure of one way, by round. */
type Figure = "start" | "idle" | "loaded" | "rate" | "p99";

interface Way {
  candidate: Candidate;
  program: Program;
  bytes: number;
  gzipBytes?: number;
  samples: Record<Figure, number[]>;
}

async function gzipLength(path: string): Promise<number> {
  using file = await Deno.open(path);
  let bytes = 0;
  const stream = file.readable.pipeThrough(new CompressionStream("gzip"));
  for await (const chunk of stream) bytes += chunk.length;
  return bytes;
}

/** Compiles one way; throws where that cannot be done or does not run. */
async function prepare(
  candidate: Candidate,
  compile: Compile,
  folder: string,
): Promise<Way> {
  const { flags = [], env = {}, bundle, change, cache } = candidate;
  if (change && !await hasCommand(change[0])) {
    throw new Error(`${change[0]} is not installed`);
  }
  const name = `way-${candidate.name.replaceAll(/[^\w]+/g, "-")}`;
  const { plain } = await shipped();
  const path = await compile(name, [...plain, ...flags], bundle);
  if (change) await output([...change, path]);
  const program = {
    path,
    // Without it a program leaves its code cache in /tmp, which images lack.
    env: {
      ...SHIPPED_ENV,
      TMPDIR: cache ? folder : `${folder}/none`,
      ...env,
    },
    core: 0,
  };
  // Once to see that it runs, and to fill the page cache.
  await using _service = await startService(program);
  const { size } = await Deno.stat(path);
  return {
    candidate,
    program,
    bytes: size,
    ...change || bundle || candidate.name === PLAIN
      ? { gzipBytes: await gzipLength(path) }
      : {},
    samples: { start: [], idle: [], loaded: [], rate: [], p99: [] },
  };
}

async function measureStart({ program, samples }: Way): Promise<void> {
  await using service = await startService({ ...program, core: undefined });
  samples.start.push(service.readyMs);
}

async function measureLoad({ program, samples }: Way): Promise<void> {
  await using service = await startService(program);
  samples.idle.push((await service.settled()).rssBytes);
  const ask = () =>
    load({
      url: `${service.url}/`,
      connections: CONNECTIONS,
      seconds: SECONDS,
      core: 1,
    });
  await ask();
  const { perSecond, p99 } = await ask();
  samples.rate.push(perSecond);
  samples.p99.push(p99);
  samples.loaded.push((await service.settled()).rssBytes);
}

const SHOWN: Record<Figure, [title: string, format: (n: number) => string]> = {
  start: ["start", (ms) => `${ms.toFixed(0)} ms`],
  idle: ["idle", formatBytes],
  loaded: ["after load", formatBytes],
  rate: ["requests/s", (rate) => Math.round(rate).toLocaleString("en")],
  p99: ["p99", (ms) => `${ms.toFixed(1)} ms`],
};
const FIGURES = Object.keys(SHOWN) as Figure[];

/** A figure, and how far it lies from the plain way. */
function cell(figure: Figure, way: Way, plain: Way): string {
  const value = median(way.samples[figure]);
  const text = SHOWN[figure][1](value);
  if (way === plain) return text;
  const percent = 100 * (value / median(plain.samples[figure]) - 1);
  return `${text} (${percent < 0 ? "−" : "+"}${
    Math.abs(percent).toFixed(0)
  } %)`;
}

function table(ways: Way[]): string {
  const [plain] = ways;
  const rows = ways.map((way) => [
    way.candidate.name,
    ...FIGURES.map((figure) => cell(figure, way, plain)),
    way.bytes.toLocaleString("en"),
    way.gzipBytes?.toLocaleString("en") ?? "",
  ]);
  const head = ["", ...FIGURES.map((figure) => SHOWN[figure][0])];
  return markdownTable([[...head, "bytes", "gzip"], ...rows], {
    align: ["l", ...Array(FIGURES.length + 2).fill("r")],
  });
}

async function main(words: string[]): Promise<void> {
  await required(["wrk", "taskset"]);
  const folder = await benchFolder();
  const compile = await serviceCompiler(folder);
  const { extra } = await shipped();
  const all: Candidate[] = [
    ...CANDIDATES,
    ...extra.length > 0 ? [{ name: "as shipped", flags: extra }] : [],
  ];
  const ways: Way[] = [];
  for (const candidate of all) {
    const { name } = candidate;
    const wanted = name.startsWith(PLAIN) || words.length === 0 ||
      words.some((word) => name.includes(word));
    if (!wanted) continue;
    try {
      ways.push(await prepare(candidate, compile, folder));
    } catch (error) {
      if (name === PLAIN) throw error;
      console.error(`${name}: left out: ${messageOf(error)}`);
    }
  }
  for (let run = 0; run < STARTS; run++) {
    for (const way of ways) await measureStart(way);
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of ways) await measureLoad(way);
  }
  console.log(table(ways));
}

await runBench(() => main(Deno.args));
