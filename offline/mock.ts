/**
 * Stands in for `@std/testing/mock` where jsr.io cannot be reached. @module
 */

/** Records the calls of a method until it is disposed of, and passes them on. */
export function spy<T, K extends keyof T>(self: T, property: K) {
  const original = self[property] as (...args: unknown[]) => unknown;
  const calls: { args: unknown[] }[] = [];
  const record = (...args: unknown[]) => {
    calls.push({ args });
    return original.apply(self, args);
  };
  self[property] = record as T[K];
  return {
    calls,
    [Symbol.dispose]: () => void (self[property] = original as T[K]),
  };
}
