/**
 * A service as a process of this machine, for benchmarks: started on a core of
 * its own, waited for, looked at, and ended whatever happens.
 *
 * @module
 */
import { freePort } from "../scripts/engine/free_port.ts";
import { contractSchema } from "../scripts/check/contract_schema.ts";
import { parseJson } from "../scripts/lib/parse_json.ts";
import {
  readTree,
  type ServiceProcess,
  settle,
} from "../scripts/measure/measure_services.ts";
import { sleep } from "../scripts/check/time_limit.ts";
import { waitUntilReady } from "../scripts/check/run_service.ts";
import { cleanup } from "./commands.ts";

const ROOT = new URL("..", import.meta.url);

/** What the service promises; whatever is measured has to answer its `/health`. */
const CONTRACT = parseJson(
  Deno.readTextFileSync(new URL("contract.json", ROOT)),
  "contract.json",
  contractSchema,
);

/** The environment that the images set, read from a Dockerfile. */
export const SHIPPED_ENV = Object.fromEntries(
  [
    ...Deno.readTextFileSync(new URL("Dockerfile.scratch", ROOT))
      .matchAll(/^ENV (\w+)=(\S+)$/gm),
  ].map(([, name, value]) => [name, value]),
);

/** A program, and how it is started. */
export interface Program {
  path: string;
  env?: Record<string, string>;
  /** The core that it runs on; any, unless told. */
  core?: number;
}

/** A service that runs and is ready. */
export interface Service extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`. */
  url: string;
  /** Milliseconds from its start to the first good answer. */
  readyMs: number;
  /** What it takes now. */
  look(): Promise<ServiceProcess>;
  /** What it takes once its memory has settled. */
  settled(): Promise<ServiceProcess>;
}

/**
 * Starts a program and waits until it is well.
 *
 * @throws {UserError} When it ends, or does not answer in time.
 */
export async function startService(
  { path, env = {}, core }: Program,
): Promise<Service> {
  // taskset becomes the program: the process is the same.
  const [command, ...args] = core === undefined
    ? [path]
    : ["taskset", "--cpu-list", `${core}`, path];
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const startedAt = performance.now();
  const child = new Deno.Command(command, {
    args,
    env: { ...env, PORT: `${port}` },
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const exited = child.status.then(({ code }) => code);
  const stop = async () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await exited;
  };
  // Also when a signal ends the benchmark.
  cleanup.defer(stop);
  const logs = () => Promise.resolve("");
  try {
    const process = { url, startedAt, exited, logs };
    const readyMs = await waitUntilReady(process, CONTRACT);
    const read = () => readTree(child.pid);
    const alive = (found: ServiceProcess | undefined) => {
      if (!found) throw new Error(`${path} has ended`);
      return found;
    };
    return {
      url,
      readyMs,
      look: async () => alive(await read()),
      settled: async () => alive(await settle(read, sleep)),
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
