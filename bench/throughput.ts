/**
 * `deno run -A bench/throughput.ts [NAME=PROGRAM...]`: requests per second of the
 * service beside the same service in Go with Echo. Each server has core 0 to
 * itself and wrk core 1; they take turns of a second, so that noise hits both alike.
 *
 * `ROUNDS`, `SECONDS` and `CONNECTIONS` change how long and how many; programs
 * given as arguments join in.
 *
 * @module
 */
import { median } from "../scripts/measure/measure_services.ts";
import { benchFolder, required, runBench, setting } from "./commands.ts";
import { buildEcho, buildService } from "./programs.ts";
import {
  type Program,
  type Service,
  SHIPPED_ENV,
  startService,
} from "./service.ts";
import { load, type LoadResult } from "./wrk.ts";

const ROUNDS = setting("ROUNDS", 20);
const SECONDS = setting("SECONDS", 1);
const CONNECTIONS = setting("CONNECTIONS", 64);
const WARM_SECONDS = 2 * SECONDS;

const SERVER_CORE = 0;
const CLIENT_CORE = 1;
const PATHS = ["/", "/health"];

/** What a round showed of one server. */
interface Round extends LoadResult {
  /** Share of its core that it got; less than 0.9 under full load: disturbed. */
  core: number;
}

/** One slice of load on one server. */
async function measure(
  service: Service,
  path: string,
  seconds: number,
): Promise<Round> {
  const before = await service.look();
  const result = await load({
    url: `${service.url}${path}`,
    connections: CONNECTIONS,
    seconds,
    core: CLIENT_CORE,
  });
  const { cpuMs } = await service.look();
  return { ...result, core: (cpuMs - before.cpuMs) / 1000 / seconds };
}

function row(cells: string[]): string {
  return cells.map((cell, index) =>
    index === 0 ? cell.padEnd(12) : cell.padStart(11)
  ).join("");
}

function middle(rounds: Round[], figure: (round: Round) => number): number {
  return median(rounds.map(figure));
}

function show(name: string, rounds: Round[]): void {
  const perCpuSecond = ({ perSecond, core }: Round) => perSecond / core;
  console.log(row([
    name,
    Math.round(middle(rounds, (r) => r.perSecond)).toLocaleString("en"),
    Math.round(middle(rounds, perCpuSecond)).toLocaleString("en"),
    `${middle(rounds, (r) => r.p50).toFixed(2)} ms`,
    `${middle(rounds, (r) => r.p99).toFixed(2)} ms`,
    `${Math.round(100 * middle(rounds, (r) => r.core))} %`,
    `${rounds.reduce((sum, { errors }) => sum + errors, 0)}`,
  ]));
}

/** Each round's two figures divided, then the middle: noise that lasts drops out. */
function ratio(
  ours: Round[],
  theirs: Round[],
  figure: (round: Round) => number,
): string {
  const ratios = ours.map((round, index) =>
    figure(round) / figure(theirs[index])
  );
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
  return `${median(ratios).toFixed(2)} (${low.toFixed(2)} to ${
    high.toFixed(2)
  })`;
}

/** All servers stay up and idle while one has its turn. */
async function compare(programs: Map<string, Program>, path: string) {
  await using stack = new AsyncDisposableStack();
  const services = new Map<string, Service>();
  const found = new Map<string, Round[]>();
  for (const [name, program] of programs) {
    const service = stack.use(await startService(program));
    services.set(name, service);
    found.set(name, []);
    // Does not count: the compilers inside are at work.
    await measure(service, path, WARM_SECONDS);
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, service] of services) {
      found.get(name)?.push(await measure(service, path, SECONDS));
    }
  }
  console.log(
    `\nGET ${path}: ${CONNECTIONS} connections, medians of ${ROUNDS} rounds of ${SECONDS} s`,
  );
  console.log(
    row(["", "REQUESTS/S", "PER CPU-S", "P50", "P99", "CORE", "ERRORS"]),
  );
  for (const [name, rounds] of found) show(name, rounds);
  const theirs = found.get("echo") ?? [];
  for (const [name, rounds] of found) {
    if (rounds === theirs) continue;
    console.log(
      `${name} / echo: requests/s ${
        ratio(rounds, theirs, (r) => r.perSecond)
      }, per CPU-s ${ratio(rounds, theirs, (r) => r.perSecond / r.core)}, p99 ${
        ratio(rounds, theirs, (r) => r.p99)
      }`,
    );
  }
}

async function main(): Promise<void> {
  await required(["wrk", "go", "taskset"]);
  const folder = await benchFolder();
  const programs = new Map<string, Program>();
  const add = (name: string, path: string, env: Program["env"]) =>
    programs.set(name, { path, env, core: SERVER_CORE });
  add("hello", await buildService(folder), SHIPPED_ENV);
  add("echo", await buildEcho(folder), { GOMAXPROCS: "1" });
  for (const argument of Deno.args) {
    const [name, path] = argument.split("=", 2);
    add(name, path, SHIPPED_ENV);
  }
  for (const path of PATHS) await compare(programs, path);
}

await runBench(main);
