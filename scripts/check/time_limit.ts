/** Time limits for work that ends through a signal. @module */
import { setTimeout as wait } from "node:timers/promises";

export class TimeLimitError extends Error {
  override name = "TimeLimitError";
}

/** Aborts work after so long, and waits: what it has opened is closed by then. */
export async function withTimeLimit<T>(
  milliseconds: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const either = AbortSignal.any([limit.signal, ...signal ? [signal] : []]);
  either.throwIfAborted();
  const timer = setTimeout(
    () => limit.abort(new TimeLimitError(`No end within ${milliseconds} ms`)),
    milliseconds,
  );
  try {
    return await work(either);
  } catch (error) {
    // Whatever the work made of it, this is why it ended.
    either.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for something that cannot be aborted itself, or for the signal's reason. */
export async function orAbort<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (!signal) return await promise;
  promise.catch(() => {}); // Nobody hears of it after an abort.
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Waits so many milliseconds, or for the signal's reason. */
export async function sleep(milliseconds: number, signal?: AbortSignal) {
  await wait(milliseconds, undefined, { signal }).catch((error) => {
    signal?.throwIfAborted();
    throw error;
  });
}
