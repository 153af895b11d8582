/**
 * Stands in for `@std/assert` where jsr.io cannot be reached: the names that the
 * project uses, as documented there, by means of `node:assert`. @module
 */
import node from "node:assert/strict";

export const assert: typeof node.ok = node.ok;

export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  try {
    node.deepEqual(actual, expected);
  } catch (error) {
    if (msg && error instanceof Error) {
      error.message = `${msg}: ${error.message}`;
    }
    throw error;
  }
}

export const assertNotEquals = node.notDeepEqual;

export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  node.ok(actual > expected, msg ?? `Expected ${actual} > ${expected}`);
}

export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  node.ok(actual < expected, msg ?? `Expected ${actual} < ${expected}`);
}

export function assertStringIncludes(
  actual: string,
  expected: string,
  msg = "",
): void {
  if (actual.includes(expected)) return;
  node.fail(`Expected "${actual}" to contain "${expected}" ${msg}`);
}

export const assertMatch = node.match;

// deno-lint-ignore no-explicit-any -- the signature of @std/assert: any class
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  type?: ErrorClass<E>,
  includes?: string,
  msg?: string,
): E {
  try {
    fn();
  } catch (thrown) {
    return checked(thrown, type, includes, msg);
  }
  node.fail(msg ?? "Expected the function to throw");
}

export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  type?: ErrorClass<E>,
  includes?: string,
  msg?: string,
): Promise<E> {
  let promise: PromiseLike<unknown> | undefined;
  try {
    promise = fn();
    await promise;
  } catch (thrown) {
    if (!promise) node.fail(msg ?? "Expected a promise that rejects");
    return checked(thrown, type, includes, msg);
  }
  node.fail(msg ?? "Expected the promise to reject");
}

function checked<E extends Error>(
  thrown: unknown,
  type: ErrorClass<E> | undefined,
  includes = "",
  msg = "",
): E {
  if (
    thrown instanceof (type ?? Error) && thrown.message.includes(includes)
  ) return thrown as E;
  node.fail(`Expected ${type?.name} with "${includes}", got ${thrown} ${msg}`);
}
