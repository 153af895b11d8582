import { assertEquals } from "@std/assert";
import { parseElfHeader } from "./elf.ts";
import { elfFixture } from "../../testing/program.ts";

/** A header by the offsets of the ELF specification. */
function header(
  { machine = 0x3e, offset = 1000, size = 64, count = 3 } = {},
): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  const view = new DataView(bytes.buffer);
  view.setUint16(0x12, machine, true);
  view.setBigUint64(0x28, BigInt(offset), true);
  view.setUint16(0x3a, size, true);
  view.setUint16(0x3c, count, true);
  return bytes;
}

Deno.test("parseElfHeader() tells the machine, and where the section table ends", () => {
  const read = (bytes: Uint8Array) => {
    const { machine, sectionsEnd } = parseElfHeader(bytes) ?? {};
    return [machine, sectionsEnd];
  };
  assertEquals(read(header()), ["amd64", 1192]);
  assertEquals(read(header({ machine: 0xb7, count: 1 })), ["arm64", 1064]);
  assertEquals(read(header({ count: 0 })), ["amd64", 0]);
  assertEquals(read(header({ offset: 0 })), ["amd64", 0]);
  assertEquals(read(header({ machine: 999 })), ["em-999", 1192]);
  const padded = new Uint8Array(100);
  padded.set(header(), 7);
  assertEquals(read(padded.subarray(7)), ["amd64", 1192]);
});

Deno.test("parseElfHeader() takes both widths, and nothing that is cut short", () => {
  for (const bits of [32, 64] as const) {
    const file = elfFixture({ bits, machine: 40 });
    const length = bits === 64 ? 64 : 52;
    assertEquals(parseElfHeader(file.subarray(0, length))?.machine, "arm");
    assertEquals(parseElfHeader(file.subarray(0, length - 1)), undefined);
  }
  assertEquals(parseElfHeader(new Uint8Array(64)), undefined);
});
