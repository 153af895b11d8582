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
 * Does work that may take so long and no longer.
 *
 * @param milliseconds The limit.
 * @param signal Ends the work earlier, with its reason.
 * @param work Receives the signal that ends it; must stop when that aborts.
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
  const ended = Promise.withResolvers<never>();
  // The work may win the race; then nobody waits for this one.
  ended.promise.catch(() => {});
  const end = (reason: unknown) => {
    ended.reject(reason);
    controller.abort(reason);
  };
  const onAbort = () => end(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(
    () => end(new TimeLimitError(`No end within ${milliseconds} ms`)),
    milliseconds,
  );
  const running = work(controller.signal);
  running.catch(() => {});
  try {
    return await Promise.race([running, ended.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
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
  signal?.throwIfAborted();
  const done = Promise.withResolvers<void>();
  const timer = setTimeout(done.resolve, milliseconds);
  const onAbort = () => done.reject(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await done.promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
