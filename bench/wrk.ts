/**
 * The load of the benchmarks: wrk over connections that stay open, against this
 * machine alone.
 *
 * @module
 */
import { output } from "./commands.ts";

/** What to send. */
interface Load {
  /** `http://127.0.0.1:<port>/<path>`. */
  url: string;
  connections: number;
  seconds: number;
  /** The core that wrk runs on; any, unless told. */
  core?: number;
}

/** How it went. */
export interface LoadResult {
  requests: number;
  perSecond: number;
  /** Milliseconds until an answer was complete. */
  p50: number;
  p99: number;
  max: number;
  /** Connections, reads, writes and timeouts that failed, and answers of 400 and above. */
  errors: number;
}

/**
 * Sends as many requests as are answered.
 *
 * @throws {Error} When wrk cannot run, or cannot reach the service.
 */
export async function load(
  { url, connections, seconds, core }: Load,
): Promise<LoadResult> {
  if (new URL(url).hostname !== "127.0.0.1") {
    throw new TypeError(`Cannot load "${url}": not this machine`);
  }
  // deno-fmt-ignore
  const wrk = [
    "wrk", "--threads", "1", "--connections", `${connections}`,
    "--duration", `${seconds}s`, "--timeout", "5s",
    "--script", new URL("wrk.lua", import.meta.url).pathname, url,
  ];
  const pinned = core === undefined
    ? wrk
    : ["taskset", "--cpu-list", `${core}`, ...wrk];
  const line = /^JSON (.*)$/m.exec(await output(pinned))?.[1];
  if (line === undefined) throw new Error("wrk printed no result");
  const found: Record<string, number> = JSON.parse(line);
  return {
    requests: found.requests,
    perSecond: found.requests * 1e6 / found.micros,
    p50: found.p50 / 1000,
    p99: found.p99 / 1000,
    max: found.max / 1000,
    errors: found.errors,
  };
}
