/**
 * Stands in for `@std/assert` where jsr.io cannot be reached: the names that the
 * project uses, by means of `node:assert`.
 *
 * @module
 */
import node from "node:assert/strict";

/** Asserts that a value is truthy. */
export function assert(expr: unknown, msg?: string): asserts expr {
  node.ok(expr, msg);
}

/** Asserts that two values are deeply equal. */
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

/** Asserts that two values are not deeply equal. */
export const assertNotEquals: typeof assertEquals = node.notDeepEqual;

/** Asserts that a value is neither `null` nor `undefined`. */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  node.ok(actual !== undefined && actual !== null, msg);
}

/** Asserts that the first value is greater than the second. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  node.ok(actual > expected, msg ?? `Expected ${actual} > ${expected}`);
}

/** Asserts that the first value is less than the second. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  node.ok(actual < expected, msg ?? `Expected ${actual} < ${expected}`);
}

/** Asserts that a text contains another one. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg = "",
): void {
  if (actual.includes(expected)) return;
  node.fail(`Expected "${actual}" to contain "${expected}" ${msg}`);
}

/** Asserts that a text matches a pattern. */
export const assertMatch: (
  actual: string,
  expected: RegExp,
  msg?: string,
) => void = node.match;

// deno-lint-ignore no-explicit-any -- the signature of @std/assert: any class
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

/** Asserts that a function throws an error of a class, and returns it. */
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

/** Asserts that a promise rejects with an error of a class, and returns it. */
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
