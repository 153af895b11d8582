import { assertEquals } from "@std/assert";
import { ElfRanges } from "./elf_ranges.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

Deno.test("ElfRanges keeps what was asked for, across chunks", () => {
  const ranges = new ElfRanges();
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

Deno.test("ElfRanges reads from the range that holds most", () => {
  const ranges = new ElfRanges();
  ranges.keep(0, 2);
  ranges.keep(0, 4);
  ranges.push(bytes(0, 1, 2, 3, 4));
  assertEquals(ranges.read(1, 9), bytes(1, 2, 3));
});

Deno.test("ElfRanges refuses what has passed, and more than its bound", () => {
  const ranges = new ElfRanges();
  ranges.push(bytes(0, 1));
  assertEquals(ranges.keep(1, 9), false);
  assertEquals(ranges.keep(5, 5), false);
  assertEquals(ranges.keep(2, 2 ** 60), false);
  const mebibyte = 1024 * 1024;
  const kept = Array.from({ length: 20 }, () => ranges.keep(2, 2 + mebibyte));
  assertEquals(kept.filter(Boolean).length, 12);
});
