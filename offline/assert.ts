/**
 * Stands in for `@std/assert` where jsr.io cannot be reached: the names the
 * project uses, with the same signatures.
 *
 * @module
 */
import { diff, show } from "./diff.ts";
import { equal } from "./equal.ts";

/** What a failed assertion throws. */
class AssertionError extends Error {
  override name = "AssertionError";
}

// deno-lint-ignore no-explicit-any -- the signature of @std/assert: any class
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

function fail(problem: string, msg?: string): never {
  throw new AssertionError(msg ? `${problem}: ${msg}` : problem);
}

/** Asserts that a value is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Asserts that two values are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  fail(
    `Values are not equal${msg ? `: ${msg}` : ""}\n\n` +
      `    [Diff] -Actual / +Expected\n\n${diff(actual, expected)}\n`,
  );
}

/** Asserts that two values are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  fail(`Expected actual: ${show(actual)} not to be: ${show(expected)}`, msg);
}

/** Asserts that a value is neither `null` nor `undefined`. */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  if (actual !== undefined && actual !== null) return;
  fail(`Expected actual: "${actual}" to not be null or undefined`, msg);
}

/** Asserts that the first value is greater than the second. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (actual > expected) return;
  fail(`Expect ${show(actual)} > ${show(expected)}`, msg);
}

/** Asserts that the first value is less than the second. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (actual < expected) return;
  fail(`Expect ${show(actual)} < ${show(expected)}`, msg);
}

/** Asserts that a text contains another one. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (actual.includes(expected)) return;
  fail(`Expected actual: "${actual}" to contain: "${expected}"`, msg);
}

/** Asserts that a text matches a pattern. */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (expected.test(actual)) return;
  fail(`Expected actual: "${actual}" to match: "${expected}"`, msg);
}

/** Asserts that a function throws, and returns what it throws. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Asserts that a function throws an error of a class, and returns it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  classOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const [type, note] = arrange(classOrMsg, msg);
  try {
    fn();
  } catch (thrown) {
    return checkThrown(thrown, "throw", type, msgIncludes, note);
  }
  fail("Expected function to throw", note);
}

/** Asserts that a promise rejects, and returns the reason. */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/** Asserts that a promise rejects with an error of a class, and returns it. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const [type, note] = arrange(classOrMsg, msg);
  let promise: PromiseLike<unknown> | undefined;
  try {
    promise = fn();
    await promise;
  } catch (thrown) {
    if (!promise) fail("Function throws when expected to reject", note);
    return checkThrown(thrown, "reject", type, msgIncludes, note);
  }
  fail("Expected function to reject", note);
}

function arrange<E extends Error>(
  classOrMsg: ErrorClass<E> | string | undefined,
  msg: string | undefined,
): [ErrorClass<E> | undefined, string | undefined] {
  return typeof classOrMsg === "string"
    ? [undefined, classOrMsg]
    : [classOrMsg, msg];
}

function checkThrown<E extends Error>(
  thrown: unknown,
  verb: "throw" | "reject",
  type: ErrorClass<E> | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
): unknown {
  if (!type) return thrown;
  if (!(thrown instanceof Error)) {
    fail(
      `A non-Error object was ${verb === "throw" ? "thrown" : "rejected"}`,
      msg,
    );
  }
  if (!(thrown instanceof type)) {
    fail(
      `Expected error to be instance of "${type.name}", ` +
        `but was "${thrown.constructor.name}" ("${thrown.message}")`,
      msg,
    );
  }
  if (msgIncludes !== undefined && !thrown.message.includes(msgIncludes)) {
    fail(
      `Expected error message to include ${show(msgIncludes)}, ` +
        `but got ${show(thrown.message)}`,
      msg,
    );
  }
  return thrown;
}
