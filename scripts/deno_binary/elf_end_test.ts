import { assertEquals, assertThrows } from "@std/assert";
import { elfEnd } from "./elf_end.ts";

function header(
  { machine = 0x3e, type = 3, offset = 1000, size = 64, count = 3 } = {},
) {
  const bytes = new Uint8Array(64);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  const view = new DataView(bytes.buffer);
  view.setUint16(0x10, type, true);
  view.setUint16(0x12, machine, true);
  view.setBigUint64(0x28, BigInt(offset), true);
  view.setUint16(0x3a, size, true);
  view.setUint16(0x3c, count, true);
  return bytes;
}

Deno.test("elfEnd() is behind the section table", () => {
  assertEquals(elfEnd(header()), { architecture: "amd64", end: 1192 });
  assertEquals(elfEnd(header({ machine: 0xb7, count: 1 })), {
    architecture: "arm64",
    end: 1064,
  });
});

Deno.test("elfEnd() reads a header that does not start its buffer", () => {
  const padded = new Uint8Array(100);
  padded.set(header(), 7);
  assertEquals(elfEnd(padded.subarray(7)).end, 1192);
});

Deno.test("elfEnd() refuses what is not such a program", () => {
  assertThrows(() => elfEnd(header().subarray(0, 63)), TypeError, "got 63");
  assertThrows(() => elfEnd(new Uint8Array(64)), TypeError, "ELF64");
  const big = header();
  big[5] = 2;
  assertThrows(() => elfEnd(big), TypeError, "little-endian");
  assertThrows(() => elfEnd(header({ machine: 3 })), TypeError, "machine 3");
  assertThrows(() => elfEnd(header({ type: 1 })), TypeError, "type 1");
  assertThrows(() => elfEnd(header({ count: 0 })), TypeError, "0 entries");
  assertThrows(() => elfEnd(header({ offset: 0 })), TypeError, "at 0");
});
