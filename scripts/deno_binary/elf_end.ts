/**
 * Where an ELF ends: `deno compile` puts its payload right behind `denort`'s
 * section table, so the header tells how much of a program is `denort`.
 *
 * @module
 */
import type { Architecture } from "../lib/platform.ts";

/** Bytes of an ELF64 header: what {@linkcode elfEnd} needs to see. */
export const ELF_HEADER_BYTES = 64;

const MACHINE: Record<number, Architecture> = { 0x3e: "amd64", 0xb7: "arm64" };

/** What an ELF's header says. */
export interface Elf {
  architecture: Architecture;
  /** Offset behind the section table: where the ELF itself ends. */
  end: number;
}

/**
 * Reads the end of an ELF from its header.
 *
 * @param header The first 64 bytes or more.
 * @returns The architecture, and `e_shoff + e_shnum * e_shentsize`.
 * @throws {TypeError} when it is not a little-endian ELF64 program of a known
 * architecture with a section table behind the header.
 */
export function elfEnd(header: Uint8Array): Elf {
  if (header.length < ELF_HEADER_BYTES) {
    throw new TypeError(
      `Cannot read ELF header: expected ${ELF_HEADER_BYTES} bytes, got ${header.length}`,
    );
  }
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  if (view.getUint32(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) {
    throw new TypeError("Cannot read ELF header: not a little-endian ELF64");
  }
  const type = view.getUint16(0x10, true);
  if (type !== 2 && type !== 3) {
    throw new TypeError(`Cannot read ELF header: type ${type} is no program`);
  }
  const machine = view.getUint16(0x12, true);
  const architecture = MACHINE[machine];
  if (architecture === undefined) {
    throw new TypeError(`Cannot read ELF header: unknown machine ${machine}`);
  }
  const offset = Number(view.getBigUint64(0x28, true));
  const entryBytes = view.getUint16(0x3a, true);
  const count = view.getUint16(0x3c, true);
  const end = offset + count * entryBytes;
  if (offset < ELF_HEADER_BYTES || count === 0 || entryBytes !== 64) {
    throw new TypeError(
      `Cannot read ELF header: no section table (${count} entries of ${entryBytes} bytes at ${offset})`,
    );
  }
  return { architecture, end };
}
