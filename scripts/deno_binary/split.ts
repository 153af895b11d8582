/**
 * Cuts a program of `deno compile` in two, so that a runtime can be an image's
 * layer of its own: `denort`, the same bytes for every program that a Deno has
 * compiled, and a program file of a few kB, which is a launcher and the payload.
 *
 * A file without imports: `deno task image init` copies it into other projects,
 * where their build runs it.
 *
 *     deno run -R -W split.ts /hello --libraries /runtime --to /layers
 *
 * @module
 */
/** Why a program cannot be split, and what to do about it. */
export class SplitError extends Error {
  override name = "SplitError";

  constructor(message: string, readonly next: string) {
    super(message);
  }
}

/** The releases whose programs were split and run. */
const TRIED = /^2\.[1-9]\./;
const WHOLE = "Give the file as deno compile wrote it: complete, not stripped";
const UNKNOWN =
  "Use another variant, or a Deno from 2.1 to 2.9: a later one may keep its payload elsewhere";

/** By e_machine: what differs. The launchers are those of launcher_*.s. */
const MACHINES: Record<number, {
  architecture: "amd64" | "arm64";
  loader: string;
  triplet: string;
  launcher: string;
}> = {
  62: {
    architecture: "amd64",
    loader: "/lib64/ld-linux-x86-64.so.2",
    triplet: "x86_64-linux-gnu",
    launcher: `
f0VMRgIBAQAAAAAAAAAAAAMAPgABAAAAcAQAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAEAAOAAG
AEAAAAAAAAEAAAAFAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA4AcAAAAAAADgBwAAAAAAAAAQ
AAAAAAAAAQAAAAYAAACQAQAAAAAAAJABAQAAAAAAkAEBAAAAAAC4AAAAAAAAALgQAAAAAAAAABAA
AAAAAAACAAAABgAAAJABAAAAAAAAkAEBAAAAAACQAQEAAAAAAKAAAAAAAAAAoAAAAAAAAAAIAAAA
AAAAAFHldGQGAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAA
AAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAA
AAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAA
AAQAAAAAAAAA8AIAAAAAAAAFAAAAAAAAABADAAAAAAAABgAAAAAAAABIAgAAAAAAAAoAAAAAAAAA
KwAAAAAAAAALAAAAAAAAABgAAAAAAAAABwAAAAAAAADAAgAAAAAAAAgAAAAAAAAAMAAAAAAAAAAJ
AAAAAAAAABgAAAAAAAAADAAAAAAAAAAvBgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAEgABAPkGAAAAAAAAAAAA
AAAAAAARAAAAEgABAKYGAAAAAAAAAAAAAAAAAAAaAAAAEgAAAAAAAAAAAAAAAAAAAAAAAAAlAAAA
EgAAAAAAAAAAAAAAAAAAAAAAAAAwAgEAAAAAAAYAAAADAAAAAAAAAAAAAAA4AgEAAAAAAAYAAAAE
AAAAAAAAAAAAAAABAAAABQAAAAEAAAAAAAAAAgAAAAAAAAAAAAAAAAAAAABkbF9pdGVyYXRlX3Bo
ZHIAcmVhZGxpbmsAcmVhZGxpbmthdABkbHN5bQBMRF9QUkVMT0FEPS9wcm9jL3NlbGYvZXhlAENh
bm5vdCBleGVjdXRlIAA6IGVycm9yIABDYW5ub3QgZmluZCB0aGlzIHByb2dyYW06IG1vdW50IC9w
cm9jLCBvciBzdGFydCBpdCBieSBhbiBhYnNvbHV0ZSBwYXRoCkNhbm5vdCBzdGFydCBhIHByb2dy
YW0gd2l0aCBhIHNwYWNlIG9yIGEgY29sb24gaW4gaXRzIHBhdGgKL2Rlbm9ydAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABIieVI
i0UASI1cxRBIidpJid1MjSWH/v//SIsySIPCCEiF9nQZSInw6HkBAAB0CkmJRQBJg8UI6+BJifTr
20yJ5zHASIPJ//KuTCnnSCn8SIHsQBAAAEiD5PBJieZMifdIjTVk/v//uQsAAADzpFJXSIn+SI09
XP7//7r/DwAAuFkAAAAPBV9aSIXAfglIjQwHxgEA6zBIiwJIhcAPhOgAAABIi3IISIPCEEiD+B91
5oA+Lw+F0QAAAFe5ABAAAKyqhMDg+l+KB0j/xzwgD4TFAAAAPDoPhL0AAACEwHXnQYA8JAB0DcZH
/zpMieasqoTAdfpNiXUAScdFCAAAAABIjT16/v//SI11CEiJ2rg7AAAADwVBicdMifdIjTXE/f//
6I8AAABIjTVT/v//6IMAAABIjTW8/f//6HcAAABEifj32LkKAAAASY22AAIAAGbHBgoAMdL38YDC
MEj/zogWhcB18OhMAAAATIn2SIn6SCnyvwIAAAC4AQAAAA8Fv38AAAC45wAAAA8FSI01bf3//7pH
AAAA69pIjTWm/f//ujsAAADrzEiNPR79//+5CwAAAPOmw6yqhMB1+kj/z8NIizJIhfZ0buja////
dAZIg8II6+tIjT39+wAASYn4uf8PAACsPDp0DYTAdAmqPC9MD0TH4u7GBwA8OnQSSItCCEiJAkiD
wghIhcB18OsYSIPuC0iJMkiJ90iNNaz8//+5CwAAAPOkTInGvw8AAAC4nQAAAA8Fw0mJ+EmJ8YA9
lfsAAAB0MEiNNYr8//+5DwAAAPOmdSBMic9IjTV5+wAAMclIOdF0C6yEwHQGqkj/wevwSInIw0iJ
0UyJykyJxr+c/////yU3+wAASIsFQPsAAEiFwHUkV1ZIg+wISIPP/0iNNfv7////FRz7AABIiQUd
+wAASIPECF5fgz0o+v//BHQC/+BqAFZXSInmSI09BwAAAP/QSIPEGMNTVUiJ+0iJ1UiD7EhIiXQk
QEiDfRAAdVRI/0UQSIneSInnuQgAAADzSKVIjQWG+P//SIkEJEiNBbv4//9IiUQkEGaLBaf4//9m
iUQkGDHASIlEJDBIiUQkOEiJ575AAAAASItVCP9VAIXAdR0xwEiNDUL4//9IOQt0D0iJ30iLdCRA
SItVCP9VAEiDxEhdW8MPH4AAAAAA
`,
  },
  183: {
    architecture: "arm64",
    loader: "/lib/ld-linux-aarch64.so.1",
    triplet: "aarch64-linux-gnu",
    launcher: `
f0VMRgIBAQAAAAAAAAAAAAMAtwABAAAAcAQAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAEAAOAAG
AEAAAAAAAAEAAAAFAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAgAAAAAAABACAAAAAAAAAAA
AQAAAAAAAQAAAAYAAACQAQAAAAAAAJABAQAAAAAAkAEBAAAAAAC4AAAAAAAAALgQAAAAAAAAAAAB
AAAAAAACAAAABgAAAJABAAAAAAAAkAEBAAAAAACQAQEAAAAAAKAAAAAAAAAAoAAAAAAAAAAIAAAA
AAAAAFHldGQGAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAA
AAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAA
AAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAA
AAQAAAAAAAAA8AIAAAAAAAAFAAAAAAAAABADAAAAAAAABgAAAAAAAABIAgAAAAAAAAoAAAAAAAAA
KwAAAAAAAAALAAAAAAAAABgAAAAAAAAABwAAAAAAAADAAgAAAAAAAAgAAAAAAAAAMAAAAAAAAAAJ
AAAAAAAAABgAAAAAAAAADAAAAAAAAABQBgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAEgABAEQHAAAAAAAAAAAA
AAAAAAARAAAAEgABANwGAAAAAAAAAAAAAAAAAAAaAAAAEgAAAAAAAAAAAAAAAAAAAAAAAAAlAAAA
EgAAAAAAAAAAAAAAAAAAAAAAAAAwAgEAAAAAAAEEAAADAAAAAAAAAAAAAAA4AgEAAAAAAAEEAAAE
AAAAAAAAAAAAAAABAAAABQAAAAEAAAAAAAAAAgAAAAAAAAAAAAAAAAAAAABkbF9pdGVyYXRlX3Bo
ZHIAcmVhZGxpbmsAcmVhZGxpbmthdABkbHN5bQBMRF9QUkVMT0FEPS9wcm9jL3NlbGYvZXhlAENh
bm5vdCBleGVjdXRlIAA6IGVycm9yIABDYW5ub3QgZmluZCB0aGlzIHByb2dyYW06IG1vdW50IC9w
cm9jLCBvciBzdGFydCBpdCBieSBhbiBhYnNvbHV0ZSBwYXRoCkNhbm5vdCBzdGFydCBhIHByb2dy
YW0gd2l0aCBhIHNwYWNlIG9yIGEgY29sb24gaW4gaXRzIHBhdGgKL2Rlbm9ydAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADzAwCR
YAJA+XQOAIuUQgCR9QMUqvYDFKpX9P8QoIZA+AABALT4AwCqWQAAlGAAAFTYhgD4+v//F/cDAKr4
//8X4AMXqgEUQDjh//81AAAXy+EDAJEhAADLIQRA0SEAAdE/7HyS+AMAkeEDGKpRAACU+QMBqmAM
gJLh8v9Q4gMZquP/gdLICYDSAQAA1B8AAPFtAABUP2sgOAoAABSiAsGoogYAtF98APGh//9UAgBA
OV+8AHEBBgBU4QMZqkQAAJQgF0A4H4AAccAFAFQf6ABxgAUAVGD//zXgAkA5wAAANEAHgFIg8x84
4QMZquADF6o3AACU2H4AqUD0/xBhIgCR4gMUqqgbgNIBAADU+QMAy+EDGKqA7v8wLQAAlCDz/xAr
AACUgO7/MCkAAJRCAYDSAAMIkQIAAHkjC8KaZOQCm4TAABEE/B84+QMDqnn//7UfAACUIgAYy+ED
GKpAAIDSCAiA0gEAANTgD4DSyAuA0gEAANRB7P9Q4giA0vj//xch7v8wYgeA0vX//xfi6f9wYwGA
UkEUQDgEFEA4PwAEa2EAAFRjBABxYf//VMADX9bD6P9wZABA+WVwQLgkAAD5JXAAuCEsAJHAA1/W
AhRAOCIUADjC//81IQQA0cADX9bpAx6q5gMCqsAAQPngAwC05///l2AAAFTGIACR+///F8HeBxDn
AwGq4/+BUgIUQDhf6ABx4AAAVMIAADQiFAA4X7wAcScAh5pjBABxAf//VD8AADlf6ABxoAAAVMAE
QPnAhAD4wP//tQQAABQBLADRwQAA+df//5fhAweq4AGA0ugUgNIBAADUIAFf1mPbBxBkAEA5BAIA
NOQDAKrF4v9QhhRAOKcUQDjfAAdrQQEAVIb//zUAAIDSHwAC66ABAFRkaGA4ZAEANCRoIDgABACR
+v//F+MDAqriAwGq4QMAqmAMgJLk1wcQhABA+YAAH9bAA1/W/Xu9qf0DAJHgBwGp/xMA+WjXBxAJ
AUD5KQEAtQAAgJJh3f8wiNYHEAgBQPkAAT/WaNYHEAABAPnpAwCqyM7/GB8RAHGAAABU4AdBqf17
w6ggAR/WoAAAEOFDAJEgAT/W/XvDqMADX9b9e7mp/QMAkfNTAan1EwD58wMAqvQDAqr1AwGqgApA
+QACALWUCgD5YMH/EGEGQPngBwOpAnBAeeHC/xDhCwSpYAZCqeAHBan/fwap4MMAkQEIgNKDCkCp
YAA/1kABADVhAkD5gr//EAAAgNI/AALroAAAVOADE6rhAxWqgwpAqWAAP9b1E0D581NBqf17x6jA
A1/W
`,
  },
};

const PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3, PT_NOTE = 4, PT_PHDR = 6;
const DT_NEEDED = 1, DT_STRTAB = 5, DT_STRSZ = 10;
const MAGIC = "d3n0l4nd";
/** What ends an appended payload: two constants, and the bytes of it all. */
const TRAILER = [0x501e, 0x2a7];
/** Owner and type of the note that holds a payload. */
const NOTE_OWNER = "SUI\0", NOTE_TYPE = 0x53554901;
/** Where the launcher has its note in memory: launcher.s has DATA before it. */
const NOTE_ADDRESS = 0x20000;
/** Its two segments that are free for a note, counted from its header. */
const FREE_SEGMENTS = 64 + 4 * 56;
const RUNTIME = "/denort", RUNTIME_BYTES = 128;

interface Segment {
  type: number;
  offset: number;
  address: number;
  bytes: number;
}

/** An ELF file of 64 bits, whose tables lie within it. */
class Elf {
  readonly view: DataView;
  readonly machine: number;
  readonly segments: Segment[] = [];

  constructor(readonly file: Uint8Array<ArrayBuffer>, readonly name: string) {
    this.view = new DataView(file.buffer, file.byteOffset, file.length);
    if (file.length < 64 || this.view.getUint32(0) !== 0x7f454c46) {
      throw this.refuse(
        "not an ELF file",
        "Give a program that deno compile wrote for Linux",
      );
    }
    if (file[4] !== 2 || file[5] !== 1) {
      throw this.refuse(
        "not an ELF file of 64 bits, little-endian",
        "Give a program that deno compile wrote for amd64 or arm64",
      );
    }
    this.machine = this.u16(18);
    const at = this.u64(32);
    if (at + this.u16(56) * 56 > file.length) throw this.truncated();
    for (let i = 0; i < this.u16(56); i++) {
      const segment = this.segment(at + i * 56);
      if (segment.type === PT_LOAD && this.endOf(segment) > file.length) {
        throw this.truncated();
      }
      this.segments.push(segment);
    }
  }

  u16 = (at: number) => this.view.getUint16(at, true);
  u32 = (at: number) => this.view.getUint32(at, true);
  u64 = (at: number) => Number(this.view.getBigUint64(at, true));
  endOf = ({ offset, bytes }: Segment) => offset + bytes;

  segment(at: number): Segment {
    return {
      type: this.u32(at),
      offset: this.u64(at + 8),
      address: this.u64(at + 16),
      bytes: this.u64(at + 32),
    };
  }

  refuse(why: string, next: string): SplitError {
    return new SplitError(`Cannot split "${this.name}": ${why}`, next);
  }

  truncated(): SplitError {
    return this.refuse(
      `it ends after ${this.file.length} bytes, before what its header names`,
      WHOLE,
    );
  }

  find(type: number): Segment | undefined {
    return this.segments.find((segment) => segment.type === type);
  }

  get loader(): string | undefined {
    const found = this.find(PT_INTERP);
    return found && textOf(this.file, found.offset, this.endOf(found) - 1);
  }

  /** The libraries it names, and every name of its dynamic symbols. */
  dynamic(): { needed: string[]; names: string } {
    const dynamic = this.find(PT_DYNAMIC);
    const tags: [number, number][] = [];
    for (let i = 0; dynamic && i + 16 <= dynamic.bytes; i += 16) {
      const at = dynamic.offset + i;
      if (at + 16 > this.file.length) break;
      tags.push([this.u64(at), this.u64(at + 8)]);
    }
    const value = (tag: number) => tags.find(([key]) => key === tag)?.[1] ?? 0;
    const address = value(DT_STRTAB);
    const holder = this.segments.find((segment) =>
      segment.type === PT_LOAD && address >= segment.address &&
      address < segment.address + segment.bytes
    );
    const start = holder ? address - holder.address + holder.offset : 0;
    const end = start + (holder ? value(DT_STRSZ) : 0);
    const names = textOf(this.file, start, end);
    return {
      names,
      needed: tags.filter(([tag]) => tag === DT_NEEDED)
        .map(([, at]) => names.slice(at, names.indexOf("\0", at))),
    };
  }
}

/**
 * Splits what `deno compile` wrote into the runtime, byte for byte as it was taken,
 * and what is started: launcher and payload. The payload lies behind the runtime up
 * to Deno 2.8, in a note since. Throws a SplitError where the layout is unknown.
 */
export function split(
  file: Uint8Array<ArrayBuffer>,
  { name = "program", runtime = RUNTIME, untried = false } = {},
) {
  const elf = new Elf(file, name);
  const machine = MACHINES[elf.machine];
  if (!machine) {
    throw elf.refuse(
      `unknown architecture, e_machine ${elf.machine}`,
      "Compile for x86_64-unknown-linux-gnu or aarch64-unknown-linux-gnu",
    );
  }
  const launcher = launcherOf(elf.machine, runtime);
  const entry = new DataView(launcher.buffer).getUint32(24, true);
  const start = file.subarray(0, launcher.length);
  if (indexOf(start, launcher.slice(entry)) === entry) {
    throw elf.refuse("it was split already", "Give what deno compile wrote");
  }
  if (elf.loader !== machine.loader) {
    throw elf.refuse(
      `its loader is ${elf.loader ?? "none"}, not ${machine.loader}`,
      "Compile for a target that ends in -linux-gnu: the launcher is made for glibc",
    );
  }

  const note = noteOf(elf);
  const { denort, payload } = note
    ? { denort: restored(elf), payload: note.payload }
    : appended(elf);
  // How a runtime looks for its payload is what the launcher answers.
  const { names } = elf.dynamic();
  const asks = note ? ["readlink", "dl_iterate_phdr"] : ["readlink"];
  for (const symbol of asks) {
    if (names.includes(`\0${symbol}\0`)) continue;
    throw elf.refuse(`the runtime does not call ${symbol}`, UNKNOWN);
  }
  const deno = versionOf(denort);
  if (!untried && !TRIED.test(deno ?? "")) {
    const version = deno ?? "of an unknown version";
    throw elf.refuse(
      `made by Deno ${version}, and 2.1 to 2.9 were tried`,
      "Add --untried, and see that the image serves; or use another variant",
    );
  }
  const body = note
    ? file.subarray(note.start, note.end)
    : file.subarray(denort.length);
  const program = new Uint8Array(launcher.length + body.length);
  program.set(launcher);
  program.set(body, launcher.length);
  if (note) showNote(program, launcher.length);
  return {
    architecture: machine.architecture,
    layout: note ? "note" : "appended",
    deno,
    denort,
    program,
    payload,
  };
}

/** The launcher for a machine, with the path of its runtime. */
export function launcherOf(
  machine: number,
  runtime: string = RUNTIME,
): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(
    atob(MACHINES[machine].launcher),
    (character) => character.charCodeAt(0),
  );
  const path = new TextEncoder().encode(runtime);
  if (
    !runtime.startsWith("/") || path.includes(0) || path.length >= RUNTIME_BYTES
  ) {
    throw new SplitError(
      `Cannot start the runtime at "${runtime}": expected an absolute path of up to ${
        RUNTIME_BYTES - 1
      } bytes`,
      "Leave --runtime out for /denort",
    );
  }
  const at = indexOf(bytes, new TextEncoder().encode(`${RUNTIME}\0`));
  bytes.fill(0, at, at + RUNTIME_BYTES);
  bytes.set(path, at);
  return bytes;
}

/** Names a note in the launcher's segments: one to load it, one to find it. */
function showNote(program: Uint8Array<ArrayBuffer>, offset: number) {
  const view = new DataView(program.buffer);
  for (const [i, type] of [PT_LOAD, PT_NOTE].entries()) {
    const at = FREE_SEGMENTS + i * 56;
    view.setUint32(at, type, true);
    const bytes = program.length - offset;
    const address = NOTE_ADDRESS + offset;
    for (
      const [j, value] of [offset, address, address, bytes, bytes].entries()
    ) {
      view.setBigUint64(at + 8 + j * 8, BigInt(value), true);
    }
  }
}

/** Up to 2.8: the runtime ends with its section headers, the payload follows. */
function appended(elf: Elf) {
  const { file } = elf;
  const end = elf.u64(40) + elf.u16(60) * elf.u16(58);
  if (end > file.length) throw elf.truncated();
  if (elf.u64(40) === 0 || end === file.length) {
    throw elf.refuse("it has no payload of deno compile", WHOLE);
  }
  if (textOf(file, end, end + MAGIC.length) !== MAGIC) {
    throw elf.refuse(
      "what follows the runtime is not a payload of a known layout",
      UNKNOWN,
    );
  }
  // The length had 32 bits up to Deno 2.1.
  for (const lengthBytes of [8, 4]) {
    const trailer = file.length - lengthBytes - 8;
    const from = trailer - MAGIC.length;
    if (from < end) continue;
    if (textOf(file, from, trailer) !== MAGIC) continue;
    const constants = [elf.u32(trailer), elf.u32(trailer + 4)];
    if (constants.join() !== TRAILER.join()) continue;
    const length = lengthBytes === 8
      ? elf.u64(trailer + 8)
      : elf.u32(trailer + 8);
    if (length !== file.length - end) continue;
    return {
      denort: file.subarray(0, end),
      payload: file.subarray(end, trailer),
    };
  }
  throw elf.refuse(
    "its payload does not end as it should; it is truncated, or of an unknown layout",
    `${WHOLE}. ${UNKNOWN}`,
  );
}

/** Since 2.9: the note that holds the payload, if there is one. */
function noteOf(elf: Elf) {
  for (const segment of elf.segments) {
    if (segment.type !== PT_NOTE) continue;
    const end = elf.endOf(segment);
    if (end > elf.file.length) throw elf.truncated();
    const start = segment.offset;
    if (segment.bytes < 16 + 2 + MAGIC.length) continue;
    const [ownerBytes, bytes, type] = [0, 4, 8].map((at) =>
      elf.u32(start + at)
    );
    const owner = textOf(elf.file, start + 12, start + 16);
    if (ownerBytes !== 4 || owner !== NOTE_OWNER || type !== NOTE_TYPE) {
      continue;
    }
    const from = start + 16 + 2 + MAGIC.length;
    const to = start + 16 + bytes;
    if (
      elf.u16(start + 16) !== MAGIC.length || to > end ||
      textOf(elf.file, start + 18, from) !== MAGIC
    ) {
      throw elf.refuse("its note is not a payload of a known layout", UNKNOWN);
    }
    return { start, end, payload: elf.file.subarray(from, to) };
  }
}

/**
 * The runtime as it was before a note was added: its own program headers are
 * still behind the file's header, its section headers still at its end. All but
 * the names of sections is the same in the new table of these.
 */
function restored(elf: Elf): Uint8Array<ArrayBuffer> {
  const { file } = elf;
  const unknown = (what: string) =>
    elf.refuse(
      `${what} are not where a known layout has them`,
      `${WHOLE}. ${UNKNOWN}`,
    );
  const table = elf.u64(32), count = elf.u16(56) - 2;
  if (count < 1 || table <= 64) throw unknown("its program headers");
  for (let i = 0; i < count; i++) {
    const was = 64 + i * 56, is = table + i * 56;
    if (elf.u32(is) === PT_PHDR) {
      const { type, offset, bytes } = elf.segment(was);
      if (type === PT_PHDR && offset === 64 && bytes === count * 56) continue;
    } else if (textOf(file, was, was + 56) === textOf(file, is, is + 56)) {
      continue;
    }
    throw unknown("its program headers");
  }
  const sections = elf.u64(40), left = elf.u16(60) - 2, names = elf.u16(62);
  if (sections + (left + 2) * 64 > file.length) throw elf.truncated();
  if (names < 2 || names >= left) throw unknown("its section headers");
  const loaded = elf.segments.slice(0, count)
    .filter(({ type }) => type === PT_LOAD).map(elf.endOf);
  const same = file.subarray(sections, sections + names * 64);
  const at = indexOf(file, same, Math.max(...loaded));
  if (at < 0 || at + left * 64 > table) throw unknown("its section headers");
  const denort = file.slice(0, at + left * 64);
  const view = new DataView(denort.buffer);
  view.setBigUint64(32, 64n, true);
  view.setBigUint64(40, BigInt(at), true);
  view.setUint16(56, count, true);
  view.setUint16(60, left, true);
  return denort;
}

/** The version in the two user agents that a runtime has side by side. */
function versionOf(denort: Uint8Array<ArrayBuffer>): string | undefined {
  const agent = new TextEncoder().encode("Deno/");
  for (
    let at = indexOf(denort, agent);
    at >= 0;
    at = indexOf(denort, agent, at + 1)
  ) {
    const found = /^Deno\/(\d+\.\d+\.\d+(?:-[0-9a-z.]+)?)Deno\/\1\+/
      .exec(textOf(denort, at, at + 80));
    if (found) return found[1];
  }
}

function textOf(bytes: Uint8Array, from = 0, to = bytes.length): string {
  return new TextDecoder("latin1").decode(bytes.subarray(from, to));
}

function indexOf(bytes: Uint8Array, part: Uint8Array, from = 0): number {
  for (
    let at = bytes.indexOf(part[0], from);
    at >= 0;
    at = bytes.indexOf(part[0], at + 1)
  ) if (part.every((byte, i) => bytes[at + i] === byte)) return at;
  return -1;
}

/**
 * Finds libraries, a loader by its path, and those that they name in turn, in an
 * image's files, where a loader of this e_machine would; but not those in `known`.
 * The files are by their path in the image.
 */
export async function findLibraries(
  names: Iterable<string>,
  machine: number,
  root: string,
  known: Iterable<string> = [],
) {
  const { triplet, loader } = MACHINES[machine];
  const folders = ["/lib", "/usr/lib"].flatMap((lib) => [
    `${lib}/${triplet}`,
    `${lib}64`,
    lib,
  ]);
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const missing: string[] = [];
  const base = await Deno.realPath(root);
  const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  const seen = new Set([loader, ...known].map(nameOf));
  const queue = [...names];
  for (const name of queue) {
    if (seen.has(nameOf(name)) && name !== loader) continue;
    seen.add(nameOf(name));
    const paths = name.startsWith("/")
      ? [name]
      : folders.map((folder) => `${folder}/${name}`);
    let found: Elf | undefined;
    for (const path of paths) found ??= await read(path);
    if (found) {
      files.set(found.name, found.file);
      queue.push(...found.dynamic().needed);
    } else missing.push(name);
  }
  return { files, missing };

  /** What is no library of this machine is not what a loader would take. */
  async function read(path: string): Promise<Elf | undefined> {
    try {
      const real = await Deno.realPath(base + path);
      // A link out of the folder would take the build machine's own.
      if (!real.startsWith(base)) return undefined;
      const elf = new Elf(await Deno.readFile(real), path);
      return elf.machine === machine ? elf : undefined;
    } catch (error) {
      const isNone = error instanceof Deno.errors.NotFound ||
        error instanceof SplitError;
      if (!isNone) throw error;
    }
  }
}

/** Names of libraries that stand in a payload as in an ELF file, each between zeros. */
export function librariesNamed(payload: Uint8Array<ArrayBuffer>): string[] {
  const found = textOf(payload).matchAll(/\0(lib[^\0 /]+\.so\.[0-9.]+)(?=\0)/g);
  return [...new Set(Array.from(found, ([, name]) => name))].sort();
}

const USER = "nonroot:x:65532:65532::/:/sbin/nologin\n";
const GROUP = "nonroot:x:65532:\n";

/** Splits a file into the folders of two layers; says what it did. */
async function main(args: string[]): Promise<string[]> {
  const left = args.filter((arg) => arg !== "--untried");
  const untried = left.length < args.length;
  const take = (name: string) => {
    const at = left.indexOf(name);
    return at < 0 ? undefined : left.splice(at, 2)[1];
  };
  const to = take("--to"), root = take("--libraries");
  const runtime = take("--runtime") ?? RUNTIME;
  const [path, ...others] = left;
  if (!path?.startsWith("/") || !to || others.length > 0) {
    throw new SplitError(
      "Cannot split: expected the absolute path of a program, and --to FOLDER",
      "deno run -R -W split.ts /hello --libraries /runtime --to /layers",
    );
  }
  const file = await Deno.readFile(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new SplitError(
      `Cannot read "${path}": no such file`,
      "Give what -o of deno compile names",
    );
  });
  const parts = split(file, { name: path, runtime, untried });
  const shared = new Map([[runtime, parts.denort]]);
  const own = new Map([[path, parts.program]]);
  const said = [
    `runtime: Deno ${parts.deno} for ${parts.architecture}, ${parts.denort.length} bytes`,
    `program: ${parts.program.length} bytes, ${parts.payload.length} of them its payload`,
  ];
  if (root !== undefined) {
    const elf = new Elf(parts.denort, runtime);
    const needed = [elf.loader ?? "", ...elf.dynamic().needed];
    const theirs = await findLibraries(needed, elf.machine, root);
    if (theirs.missing.length > 0) {
      const missing = theirs.missing.join(", ");
      throw new SplitError(
        `Cannot run "${path}": its runtime needs ${missing}, which ${root} does not have`,
        "Take a RUNTIME_IMAGE that has it, with glibc, for the same architecture",
      );
    }
    const named = librariesNamed(parts.payload);
    const known = [...theirs.files.keys()];
    const ours = await findLibraries(named, elf.machine, root, known);
    const text = new TextEncoder();
    for (const [at, bytes] of theirs.files) shared.set(at, bytes);
    shared.set("/etc/passwd", text.encode(USER));
    shared.set("/etc/group", text.encode(GROUP));
    for (const [at, bytes] of ours.files) own.set(at, bytes);
    said.push(`libraries: ${known.join(" ")}`);
    const added = [...ours.files.keys()].join(" ");
    const missing = ours.missing.join(" ");
    if (added) said.push(`libraries of the program: ${added}`);
    if (missing) said.push(`named, and not in ${root}: ${missing}`);
  }
  await write(`${to}/runtime`, shared);
  await write(`${to}/program`, own);
  return said;
}

/** Writes files that are the same at every build: modes, dates and all. */
async function write(
  folder: string,
  files: Map<string, Uint8Array<ArrayBuffer>>,
): Promise<void> {
  const folders = new Set<string>();
  const parentOf = (path: string) => path.slice(0, path.lastIndexOf("/"));
  for (const [path, bytes] of files) {
    const target = folder + path;
    const parent = parentOf(target);
    for (let at = parent; at.length >= folder.length; at = parentOf(at)) {
      folders.add(at);
    }
    await Deno.mkdir(parent, { recursive: true });
    await Deno.writeFile(target, bytes);
    await Deno.chmod(target, path.startsWith("/etc/") ? 0o644 : 0o755);
    await Deno.utime(target, 0, 0);
  }
  for (const path of folders) {
    await Deno.chmod(path, 0o755);
    await Deno.utime(path, 0, 0);
  }
}

if (import.meta.main) {
  try {
    for (const line of await main(Deno.args)) console.log(line);
  } catch (error) {
    if (error instanceof SplitError) {
      console.error(`${error.message}\n  ${error.next}`);
    } else console.error(error);
    Deno.exitCode = 1;
  }
}
