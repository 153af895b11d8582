import { assertEquals } from "@std/assert";
import { KeptRanges, type Parser, StreamParser } from "./byte_stream.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

Deno.test("KeptRanges keeps what was asked for, across chunks", () => {
  const ranges = new KeptRanges();
  assertEquals(ranges.keep(1, 4), true);
  ranges.push(bytes(0, 1));
  assertEquals(ranges.keep(6, 8), true);
  ranges.push(bytes(2, 3, 4));
  ranges.push(bytes(5, 6, 7, 8));
  assertEquals(ranges.position, 9);
  assertEquals(ranges.read(1, 10), bytes(1, 2, 3));
  assertEquals(ranges.read(2, 1), bytes(2));
  assertEquals(ranges.read(6, 2), bytes(6, 7));
  for (const [start, length] of [[0, 1], [4, 2], [8, 1], [-1, 9], [NaN, 1]]) {
    assertEquals(ranges.read(start, length).length, 0, `${start}`);
  }
});

Deno.test("KeptRanges reads from the range that holds most", () => {
  const ranges = new KeptRanges();
  ranges.keep(0, 2);
  ranges.keep(0, 4);
  assertEquals(ranges.keep(1, 3), true);
  ranges.push(bytes(0, 1, 2, 3, 4));
  assertEquals(ranges.read(1, 9), bytes(1, 2, 3));
});

Deno.test("KeptRanges gives its room away, and nothing of what was in it", () => {
  const [first, ...others] = [1, 2, 3].map(() => new KeptRanges());
  first.keep(0, 4);
  first.push(bytes(1, 2, 3, 4));
  first.release();
  assertEquals(first.read(0, 4).length, 0);
  for (const ranges of others) ranges.keep(0, 3);
  others.forEach((ranges, i) => ranges.push(bytes(7 + i)));
  others.forEach((ranges, i) => assertEquals(ranges.read(0, 3), bytes(7 + i)));
});

Deno.test("KeptRanges refuses what has passed, and more than its bound", () => {
  const ranges = new KeptRanges();
  ranges.push(bytes(0, 1));
  assertEquals(ranges.keep(1, 9), false);
  assertEquals(ranges.keep(5, 5), false);
  assertEquals(ranges.keep(2, 2 ** 60), false);
  const mebibyte = 1024 * 1024;
  const kept = Array.from(
    { length: 20 },
    (_, i) => ranges.keep(2 + i, 2 + i + mebibyte),
  );
  assertEquals(kept.filter(Boolean).length, 12);
});

/** Takes 2, skips 3, takes 4, and notes what it got. */
function* example(got: number[][]): Parser {
  got.push([...yield { take: 2 }]);
  yield { skip: 3 };
  got.push([...yield { take: 0 }]);
  got.push([...yield { take: 4 }]);
}

const STREAM = Uint8Array.from({ length: 20 }, (_, i) => i);

Deno.test("StreamParser gives a parser what it asks for, in any chunks", () => {
  for (let size = 1; size <= STREAM.length; size++) {
    const got: number[][] = [];
    const reader = new StreamParser(3, example(got));
    for (let at = 0; at < STREAM.length && !reader.done; at += size) {
      reader.push(at, STREAM.subarray(at, at + size));
    }
    assertEquals(got, [[3, 4], [], [8, 9, 10, 11]]);
    assertEquals(reader.next, 12);
    assertEquals(reader.done, true);
  }
});

Deno.test("StreamParser leaves a parser waiting when the stream ends", () => {
  const got: number[][] = [];
  const reader = new StreamParser(0, example(got));
  reader.push(0, STREAM.subarray(0, 7));
  assertEquals(got, [[0, 1], []]);
  assertEquals(reader.done, false);
});

Deno.test("StreamParser ends a parser that would miss bytes", () => {
  const got: number[][] = [];
  const reader = new StreamParser(3, example(got));
  reader.push(10, STREAM.subarray(10));
  assertEquals(reader.done, true);
  assertEquals(got, []);
});

Deno.test("StreamParser never waits for a skip of nearly endless length", () => {
  function* endless(): Parser {
    yield { skip: 2 ** 64 };
  }
  const reader = new StreamParser(0, endless());
  reader.push(0, STREAM);
  assertEquals(reader.next, STREAM.length);
  assertEquals(reader.done, false);
});
