/**
 * `deno run -A bench/soak.ts`: the service under load for minutes, at 1, 64 and
 * 1,000 connections. Ends with 1 on any error, or when memory grows.
 *
 * `SECONDS` is how long each takes.
 *
 * @module
 */
import { EXIT } from "../scripts/lib/errors.ts";
import { formatBytes } from "../scripts/lib/format.ts";
import { benchFolder, required, runBench, setting } from "./commands.ts";
import { buildService } from "./programs.ts";
import { SHIPPED_ENV, startService } from "./service.ts";
import { growth, TOLERANCE } from "./soak_growth.ts";
import { load } from "./wrk.ts";

const SECONDS = setting("SECONDS", 120);
const LEVELS = [1, 64, 1000];
const SAMPLES_PER_SECOND = 4;

/** One level; whether it went well. */
async function soak(
  service: Awaited<ReturnType<typeof startService>>,
  connections: number,
): Promise<boolean> {
  const samples: number[] = [];
  let over = false;
  const sampling = (async () => {
    while (!over) {
      samples.push((await service.look()).rssBytes);
      await new Promise((resolve) =>
        setTimeout(resolve, 1000 / SAMPLES_PER_SECOND)
      );
    }
  })();
  const [result] = await Promise.all([
    load({ url: `${service.url}/`, connections, seconds: SECONDS, core: 1 })
      .finally(() => over = true),
    sampling,
  ]);
  const { middle, last, grown } = growth(samples);
  const well = result.errors === 0 && !grown;
  console.log([
    `${well ? "PASS" : "FAIL"}  ${
      connections.toLocaleString("en")
    } connections`,
    `${result.requests.toLocaleString("en")} requests`,
    `${result.errors} errors`,
    `p50 ${result.p50.toFixed(2)} ms`,
    `p99 ${result.p99.toFixed(2)} ms`,
    `memory ${formatBytes(middle)}, then ${formatBytes(last)}`,
  ].join(", "));
  return well;
}

async function main(): Promise<boolean> {
  await required(["wrk", "taskset"]);
  const folder = await benchFolder();
  const path = await buildService(folder);
  await using service = await startService({
    path,
    env: SHIPPED_ENV,
    core: 0,
  });
  let well = true;
  for (const connections of LEVELS) {
    well = await soak(service, connections) && well;
  }
  console.log(
    `memory: medians of the middle and of the last third of ${SECONDS} s; more than ${
      100 * TOLERANCE
    } % apart is growth`,
  );
  return well;
}

await runBench(async () => await main() ? EXIT.ok : EXIT.checkFailed);
