/** A burst of requests over a fixed number of connections that stay open. @module */
import { messageOf } from "../lib/errors.ts";
import type { Contract } from "./contract_schema.ts";
import { formatRequest, HttpConnection, saysClose } from "./http_client.ts";
import { withTimeLimit } from "./time_limit.ts";

/** Sends the burst that a contract states; failures are counted, not thrown. */
export async function burst(
  url: string,
  { burst, healthPath, healthStatus }: Contract,
  timeLimitMs: number,
  outer?: AbortSignal,
) {
  const { path = healthPath, requests, connections } = burst;
  const status = burst.path === undefined ? healthStatus : "any";
  const text = formatRequest({ path });
  let left = requests;
  let answered = 0;
  let failed = 0;
  /** What was wrong with the first that failed. */
  let failure: string | undefined;
  const fail = (error: unknown) => {
    failed++;
    failure ??= messageOf(error);
  };

  const begun = performance.now();
  await withTimeLimit(timeLimitMs, outer, async (signal) => {
    const take = () => !signal.aborted && left-- > 0;
    const work = async () => {
      // One that cannot be opened costs a request too, or it would be tried for ever.
      while (take()) {
        try {
          using connection = await HttpConnection.open(url, signal);
          do {
            await connection.send(text);
            const response = await connection.receive();
            if (status === "any" || response.status === status) answered++;
            else fail(`status ${response.status} instead of ${status}`);
            if (saysClose(response)) break;
          } while (take());
        } catch (error) {
          if (!signal.aborted) fail(error);
        }
      }
    };
    const length = Math.min(connections, requests);
    await Promise.all(Array.from({ length }, work));
  });
  outer?.throwIfAborted();
  const elapsedMs = performance.now() - begun;
  return {
    answered,
    failed,
    /** Whether all were sent before the time limit. */
    complete: answered + failed >= requests,
    elapsedMs,
    /** Good answers. */
    perSecond: answered * 1000 / elapsedMs,
    failure,
  };
}
