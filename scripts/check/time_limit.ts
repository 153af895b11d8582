/**
 * A time limit for any piece of work: it ends the work through its signal, and
 * leaves no timer and no listener behind.
 *
 * @module
 */

/** Thrown when work did not end within its time limit. */
export class TimeLimitError extends Error {
  override name = "TimeLimitError";
}

/**
 * Does work that may take so long and no longer. When the time is over the work
 * is told to stop, and waited for: what it has opened is closed by then.
 *
 * @param milliseconds The limit.
 * @param signal Ends the work earlier, with its reason.
 * @param work Receives the signal that ends it, and must end when that aborts.
 * @returns What the work returns.
 * @throws {TimeLimitError} When the limit has passed.
 */
export async function withTimeLimit<T>(
  milliseconds: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(
    () =>
      controller.abort(
        new TimeLimitError(`No end within ${milliseconds} ms`),
      ),
    milliseconds,
  );
  try {
    return await work(controller.signal);
  } catch (error) {
    // Whatever the work made of it, this is why it ended.
    controller.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/**
 * Waits for something that cannot be ended, until the signal aborts.
 *
 * @param promise What to wait for; it is left to itself after an abort.
 * @param signal Ends the wait with its reason.
 */
export async function orAbort<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (!signal) return await promise;
  // Nobody hears of it after an abort.
  promise.catch(() => {});
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

/**
 * Waits, or until the signal aborts.
 *
 * @param milliseconds How long.
 * @param signal Ends the wait with its reason.
 */
export async function sleep(
  milliseconds: number,
  signal?: AbortSignal,
): Promise<void> {
  const done = Promise.withResolvers<void>();
  const timer = setTimeout(done.resolve, milliseconds);
  try {
    await orAbort(done.promise, signal);
  } finally {
    clearTimeout(timer);
  }
}
