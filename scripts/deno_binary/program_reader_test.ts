import { assertEquals } from "@std/assert";
import { type Parser, ProgramReader } from "./program_reader.ts";

/** Takes 2, skips 3, takes 4, and notes what it got. */
function* example(got: number[][]): Parser {
  got.push([...yield { take: 2 }]);
  yield { skip: 3 };
  got.push([...yield { take: 0 }]);
  got.push([...yield { take: 4 }]);
}

const STREAM = Uint8Array.from({ length: 20 }, (_, i) => i);

Deno.test("ProgramReader gives a parser what it asks for, in any chunks", () => {
  for (let size = 1; size <= STREAM.length; size++) {
    const got: number[][] = [];
    const reader = new ProgramReader(3, example(got));
    for (let at = 0; at < STREAM.length && !reader.done; at += size) {
      reader.push(at, STREAM.subarray(at, at + size));
    }
    assertEquals(got, [[3, 4], [], [8, 9, 10, 11]]);
    assertEquals(reader.next, 12);
    assertEquals(reader.done, true);
  }
});

Deno.test("ProgramReader leaves a parser waiting when the stream ends", () => {
  const got: number[][] = [];
  const reader = new ProgramReader(0, example(got));
  reader.push(0, STREAM.subarray(0, 7));
  assertEquals(got, [[0, 1], []]);
  assertEquals(reader.done, false);
});

Deno.test("ProgramReader ends a parser that would miss bytes", () => {
  const got: number[][] = [];
  const reader = new ProgramReader(3, example(got));
  reader.push(10, STREAM.subarray(10));
  assertEquals(reader.done, true);
  assertEquals(got, []);
});

Deno.test("ProgramReader never waits for a skip of nearly endless length", () => {
  function* endless(): Parser {
    yield { skip: 2 ** 64 };
  }
  const reader = new ProgramReader(0, endless());
  reader.push(0, STREAM);
  assertEquals(reader.next, STREAM.length);
  assertEquals(reader.done, false);
});
