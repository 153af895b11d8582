/**
 * A burst of requests over a fixed number of connections that stay open. Quick,
 * counted, and bounded in number and in time.
 *
 * @module
 */
import { messageOf } from "../lib/errors.ts";
import type { Contract } from "./contract_schema.ts";
import { formatRequest, HttpConnection, saysClose } from "./http_client.ts";

/** How a burst went. */
export interface BurstResult {
  /** Requests with a good answer. */
  answered: number;
  /** Requests with a bad answer or none. */
  failed: number;
  /** Whether all were sent before the time limit. */
  complete: boolean;
  elapsedMs: number;
  /** Good answers per second. */
  perSecond: number;
  /** What was wrong with the first that failed. */
  failure?: string;
}

/**
 * Sends the burst that a contract states; any status will do on a path of its own.
 *
 * @param url `http://127.0.0.1:<port>`.
 * @param timeLimitMs The burst is cut off after so many milliseconds.
 * @returns The count; failures are in it, not thrown.
 */
export async function burst(
  url: string,
  { burst, healthPath, healthStatus }: Contract,
  timeLimitMs: number,
  outer?: AbortSignal,
): Promise<BurstResult> {
  const { path = healthPath, requests, connections } = burst;
  const status = burst.path === undefined ? healthStatus : "any";
  outer?.throwIfAborted();
  const text = formatRequest({ path });
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, ...outer ? [outer] : []]);
  let left = requests;
  let answered = 0;
  let failed = 0;
  let failure: string | undefined;

  const fail = (error: unknown) => {
    failed++;
    failure ??= messageOf(error);
  };
  const open = async () => {
    try {
      return await HttpConnection.open(url, signal);
    } catch (error) {
      if (!signal.aborted) fail(error);
    }
  };
  const ask = async (connection: HttpConnection) => {
    try {
      await connection.send(text);
      const response = await connection.receive();
      if (status === "any" || response.status === status) answered++;
      else fail(`status ${response.status} instead of ${status}`);
      return !saysClose(response);
    } catch (error) {
      if (!signal.aborted) fail(error);
      return false;
    }
  };
  // One that cannot be opened costs a request too, or it would be tried for ever.
  const take = () => !signal.aborted && left-- > 0;
  const work = async () => {
    for (let more = take(); more;) {
      using connection = await open();
      let alive = connection !== undefined;
      while (connection && alive && more) {
        alive = await ask(connection);
        more = take();
      }
      if (!connection) more = take();
    }
  };

  const timer = setTimeout(() => over.abort(), timeLimitMs);
  const begun = performance.now();
  try {
    await Promise.all(
      Array.from({ length: Math.min(connections, requests) }, work),
    );
  } finally {
    clearTimeout(timer);
  }
  outer?.throwIfAborted();
  const elapsedMs = performance.now() - begun;
  return {
    answered,
    failed,
    complete: answered + failed >= requests,
    elapsedMs,
    perSecond: answered * 1000 / elapsedMs,
    ...failure === undefined ? {} : { failure },
  };
}
