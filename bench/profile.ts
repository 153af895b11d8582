/**
 * `deno run -A bench/profile.ts`: which part of a request and of a start is the
 * kernel's, Deno's and the service's own, by running programs that do less: one
 * that ends at once, and one whose handler looks at nothing.
 *
 * `ROUNDS`, `SECONDS`, `CONNECTIONS` and `STARTS` change how long it takes.
 *
 * @module
 */
import { median } from "../scripts/measure/measure_services.ts";
import {
  benchFolder,
  output,
  required,
  runBench,
  setting,
} from "./commands.ts";
import { buildService, serviceCompiler, shipped } from "./programs.ts";
import { SHIPPED_ENV, startService } from "./service.ts";
import { load } from "./wrk.ts";

const ROUNDS = setting("ROUNDS", 20);
const SECONDS = setting("SECONDS", 1);
const CONNECTIONS = setting("CONNECTIONS", 64);
const STARTS = setting("STARTS", 20);
const SERVER_CORE = 0;
const CLIENT_CORE = 1;
/** The kernel's unit of CPU time in `/proc`, fixed for programs on Linux. */
const TICK_MS = 10;

/** Ends at once: what any program of Deno takes. */
const EMPTY = "Deno.exit(0);";
/** Answers everything alike: what `Deno.serve` takes. */
const BARE = `
const page = new Response("Hello, Deno! <3", {
  headers: new Headers({ "content-type": "text/html; charset=utf-8" }),
});
const port = Number(Deno.env.get("PORT"));
Deno.serve({ hostname: "0.0.0.0", port, onListen() {} }, () => page.clone());
`;

/** CPU time of a process so far, in milliseconds. */
async function cpuOf(pid: number): Promise<{ user: number; kernel: number }> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // The name, in parentheses, may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    user: Number(fields[11]) * TICK_MS,
    kernel: Number(fields[12]) * TICK_MS,
  };
}

/** CPU time of a request, in microseconds. */
interface PerRequest {
  user: number;
  kernel: number;
}

async function perRequest(paths: string[]): Promise<PerRequest[]> {
  await using stack = new AsyncDisposableStack();
  const services = [];
  for (const path of paths) {
    services.push(stack.use(
      await startService({ path, env: SHIPPED_ENV, core: SERVER_CORE }),
    ));
  }
  const turns: PerRequest[][] = paths.map(() => []);
  // The first turn does not count: the compilers inside are at work.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [at, service] of services.entries()) {
      const { pid } = await service.look();
      const before = await cpuOf(pid);
      const { requests } = await load({
        url: `${service.url}/`,
        connections: CONNECTIONS,
        seconds: SECONDS,
        core: CLIENT_CORE,
      });
      const after = await cpuOf(pid);
      if (round === 0) continue;
      turns[at].push({
        user: (after.user - before.user) / requests * 1000,
        kernel: (after.kernel - before.kernel) / requests * 1000,
      });
    }
  }
  return turns.map((found) => ({
    user: median(found.map(({ user }) => user)),
    kernel: median(found.map(({ kernel }) => kernel)),
  }));
}

/** Milliseconds from start to end, or to the first good answer. */
async function starts(empty: string, servers: string[]): Promise<number[]> {
  const found: number[][] = [[], ...servers.map(() => [])];
  for (let turn = 0; turn < STARTS; turn++) {
    const began = performance.now();
    await output([empty]);
    found[0].push(performance.now() - began);
    for (const [at, path] of servers.entries()) {
      await using service = await startService({ path, env: SHIPPED_ENV });
      found[at + 1].push(service.readyMs);
    }
  }
  return found.map(median);
}

/** Milliseconds that V8 says it takes to read its snapshots. */
async function snapshot(program: string): Promise<number> {
  const turns: number[] = [];
  for (let turn = 0; turn < STARTS; turn++) {
    const text = await output([program]);
    const parts = [...text.matchAll(/Deserializing .* took ([\d.]+) ms/g)];
    if (parts.length === 0) throw new Error(`V8 says nothing of it: ${text}`);
    turns.push(parts.reduce((sum, [, ms]) => sum + Number(ms), 0));
  }
  return median(turns);
}

function row(name: string, value: number, unit: string, whole: number): void {
  const share = `${Math.round(100 * value / whole)} %`;
  console.log(
    `${name.padEnd(44)}${value.toFixed(1).padStart(8)} ${unit}${
      share.padStart(7)
    }`,
  );
}

async function main(): Promise<void> {
  await required(["wrk", "taskset"]);
  const folder = await benchFolder();
  const compile = await serviceCompiler(folder);
  const { plain, extra } = await shipped();
  const make = async (name: string, text: string, flags: string[]) => {
    const source = `${folder}/${name}.ts`;
    await Deno.writeTextFile(source, text);
    return await compile(name, flags, false, source);
  };
  const empty = await make("empty", EMPTY, extra);
  const told = await make("told", EMPTY, [
    "--v8-flags=--profile-deserialization",
  ]);
  const bare = await make("bare", BARE, [...plain, ...extra]);
  const ours = await buildService(folder);

  const [less, all] = await perRequest([bare, ours]);
  const whole = all.user + all.kernel;
  console.log(
    `\nA request: CPU time, GET /, ${CONNECTIONS} connections, medians of ${ROUNDS} turns of ${SECONDS} s`,
  );
  row("kernel", all.kernel, "µs", whole);
  row(
    "Deno.serve with a handler that looks at nothing",
    less.user,
    "µs",
    whole,
  );
  row("this service's handler", all.user - less.user, "µs", whole);
  row("all", whole, "µs", whole);

  const [nothing, serving, service] = await starts(empty, [bare, ours]);
  const v8 = await snapshot(told);
  console.log(`\nA start, to the first answer: medians of ${STARTS}`);
  row("V8's snapshots", v8, "ms", service);
  row(
    "a program that ends at once, but for these",
    nothing - v8,
    "ms",
    service,
  );
  row("to listen and answer", serving - nothing, "ms", service);
  row(
    "this service's modules and first answer",
    service - serving,
    "ms",
    service,
  );
  row("all", service, "ms", service);
}

await runBench(main);
