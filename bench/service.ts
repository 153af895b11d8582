/**
 * A service as a process of this machine, for benchmarks: started on a core of
 * its own, waited for, looked at, and ended whatever happens.
 *
 * @module
 */
import { cleanup } from "./commands.ts";
import { parseContract } from "../scripts/measure/contract_schema.ts";
import { settle } from "../scripts/measure/measure_memory.ts";
import { startProcess } from "../scripts/measure/process_start.ts";
import {
  readTree,
  type ServiceProcess,
} from "../scripts/measure/read_process.ts";
import { sleep } from "../scripts/measure/time_limit.ts";
import { urlOf } from "../scripts/measure/url_of.ts";
import { waitUntilReady } from "../scripts/measure/wait_until_ready.ts";

const ROOT = new URL("..", import.meta.url);

/** What the service promises; whatever is measured has to answer its `/health`. */
export const CONTRACT = parseContract(
  Deno.readTextFileSync(new URL("contract.json", ROOT)),
  "contract.json",
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
  /** The core that it is held to; any, unless told. */
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
  const words = core === undefined
    ? [path]
    : ["taskset", "--cpu-list", `${core}`, path];
  const process = startProcess(words[0], words.slice(1), env);
  // Ended twice is ended; but a signal to the benchmark must end it too.
  cleanup.use(process);
  try {
    const { readyMs } = await waitUntilReady(process, CONTRACT);
    const pid = await process.pid();
    const read = () => readTree(pid ?? 0);
    const alive = (found: ServiceProcess | undefined) => {
      if (!found) throw new Error(`${path} has ended`);
      return found;
    };
    return {
      url: urlOf(process),
      readyMs,
      look: async () => alive(await read()),
      settled: async () => alive(await settle(read, sleep)),
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}
