/**
 * What the project relies on of `@std/assert`. It imports by that name, so that
 * the same tests hold the real one to it where jsr.io can be reached. @module
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";

/** The message of the AssertionError that a call must end in. */
function failure(call: () => void): string {
  try {
    call();
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === "AssertionError") {
      return thrown.message;
    }
    throw thrown;
  }
  throw new Error("The assertion passed");
}

function cycle(value: number) {
  const node: Record<string, unknown> = { value };
  node.self = node;
  return node;
}

class Point {
  constructor(readonly x: number) {}
}

const bytes = (...values: number[]) => new Uint8Array(values);

Deno.test("assert() takes what is truthy", () => {
  assert(1);
  assertEquals(failure(() => assert("", "it is empty")), "it is empty");
});

const same: Record<string, [unknown, unknown]> = {
  "numbers": [1, 1],
  "NaN": [NaN, NaN],
  "nested values": [{ a: [1, { b: "c" }] }, { a: [1, { b: "c" }] }],
  "keys in another order": [{ a: 1, b: 2 }, { b: 2, a: 1 }],
  "maps": [new Map([["a", { b: 1 }]]), new Map([["a", { b: 1 }]])],
  "maps with keys of their own": [
    new Map([[{ k: 1 }, 1], [{ k: 2 }, 2]]),
    new Map([[{ k: 2 }, 2], [{ k: 1 }, 1]]),
  ],
  "sets": [new Set([{ a: 1 }, { a: 2 }]), new Set([{ a: 2 }, { a: 1 }])],
  "dates": [new Date(5), new Date(5)],
  "invalid dates": [new Date(NaN), new Date(NaN)],
  "patterns": [/a/g, /a/g],
  "URLs": [new URL("http://a/b"), new URL("http://a/b")],
  "bytes": [bytes(1, 2), bytes(1, 2)],
  "a view on other bytes": [bytes(0, 1, 2).subarray(1), bytes(1, 2)],
  "cycles": [cycle(1), cycle(1)],
  "instances": [new Point(1), new Point(1)],
};

const different: Record<string, [unknown, unknown]> = {
  "numbers": [1, 2],
  "types": [1, "1"],
  "null and undefined": [null, undefined],
  "null and an object": [null, {}],
  "a missing and an undefined key": [{ a: undefined }, {}],
  "an undefined key of another name": [{ a: undefined }, { b: undefined }],
  "nested values": [{ a: [1, { b: "c" }] }, { a: [1, { b: "d" }] }],
  "lengths": [[1, 2], [1]],
  "order": [[1, 2], [2, 1]],
  "maps": [new Map([["a", 1]]), new Map([["a", 2]])],
  "keys of maps": [new Map([["a", 1]]), new Map([["b", 1]])],
  "sets": [new Set([{ a: 1 }]), new Set([{ a: 2 }])],
  "sets that share a member": [new Set([1, 2]), new Set([1, 3])],
  "dates": [new Date(5), new Date(6)],
  "flags of patterns": [/a/g, /a/],
  "bytes": [bytes(1, 2), bytes(1, 3)],
  "kinds of bytes": [bytes(1), new Uint8ClampedArray([1])],
  "classes": [new Point(1), { x: 1 }],
  "cycles": [cycle(1), cycle(2)],
  "symbol keys": [{ [Symbol.iterator]: 1 }, { [Symbol.iterator]: 2 }],
};

for (const [name, [a, b]] of Object.entries(same)) {
  Deno.test(`assertEquals() finds equal: ${name}`, () => {
    assertEquals(a, b);
    assertEquals(b, a);
    failure(() => assertNotEquals(a, b));
  });
}

for (const [name, [a, b]] of Object.entries(different)) {
  Deno.test(`assertEquals() tells apart: ${name}`, () => {
    assertNotEquals(a, b);
    assertNotEquals(b, a);
    failure(() => assertEquals(a, b));
    failure(() => assertEquals(b, a));
  });
}

Deno.test("assertEquals() says what differs, and adds the message", () => {
  const text = failure(() => assertEquals({ a: 1 }, { a: 2 }, "of the tar"));
  assertStringIncludes(text, "of the tar");
  assertStringIncludes(text, "a: 1");
  assertStringIncludes(text, "a: 2");
});

Deno.test("assertGreater() and assertLess() are strict", () => {
  assertGreater(2, 1);
  assertLess(1, 2);
  failure(() => assertGreater(1, 1));
  failure(() => assertLess(1, 1));
  failure(() => assertGreater(NaN, 1));
});

Deno.test("assertStringIncludes() and assertMatch() look into texts", () => {
  assertStringIncludes("hello", "ell");
  assertMatch("hello", /^h.*o$/);
  failure(() => assertStringIncludes("hello", "elk"));
  failure(() => assertMatch("hello", /^e/));
});

Deno.test("assertThrows() returns what was thrown", () => {
  const thrown = new TypeError("Cannot parse x");
  const fn = () => {
    throw thrown;
  };
  assert(assertThrows(fn) === thrown);
  assert(assertThrows(fn, TypeError, "parse x") === thrown);
  assert(assertThrows(fn, Error) === thrown);
  failure(() => assertThrows(fn, RangeError));
  failure(() => assertThrows(fn, TypeError, "parse y"));
  failure(() => assertThrows(() => {}));
  failure(() => assertThrows(() => {}, Error));
  failure(() =>
    assertThrows(() => {
      throw "not an Error";
    }, Error)
  );
});

Deno.test("assertRejects() returns the reason", async () => {
  const reason = new TypeError("Cannot read x");
  const fn = () => Promise.reject(reason);
  assert(await assertRejects(fn) === reason);
  assert(await assertRejects(fn, TypeError, "read x") === reason);
  const failing: (() => Promise<unknown>)[] = [
    () => assertRejects(fn, RangeError),
    () => assertRejects(fn, TypeError, "read y"),
    () => assertRejects(() => Promise.resolve()),
    () => assertRejects(() => Promise.resolve(), Error),
    () =>
      assertRejects(() => {
        throw reason;
      }),
  ];
  for (const call of failing) {
    const error = await call().then(() => undefined, (error: Error) => error);
    assertEquals(error?.name, "AssertionError", String(call));
  }
});
