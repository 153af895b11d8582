/** Looks into the files of an image while their layers stream by. @module */
import { isElf } from "../deno_binary/elf.ts";
import type { ProgramOptions } from "../deno_binary/program_payload.ts";
import { type ElfFacts, programSink } from "../deno_binary/program_sink.ts";
import type { Entry, Probe, Rootfs, Sink } from "../image/model.ts";
import { resolvePath } from "../image/resolve_path.ts";
import type { Secret } from "./inspect_schema.ts";
import { SECRET_BYTES, secretCheck } from "./secrets.ts";

/** What the probe found in a file. */
export interface Found {
  text?: string;
  /** What the first line of a script asks for, such as `/bin/sh`. */
  shebang?: string;
  /** What it looks like, if that should not be in an image. */
  secret?: Secret["kind"];
  /** What the headers of an executable or a library say. */
  elf?: ElfFacts;
}

/** The text at a path, links followed; nothing if it was not read. */
export function textAt(rootfs: Rootfs, path: string): string | undefined {
  return foundIn(resolvePath(rootfs, path)?.file?.inode).text;
}

/** What was found in a file; nothing when it was not looked into. */
export function foundIn(entry: Entry | undefined): Found {
  return entry?.found instanceof Object ? entry.found : {};
}

/** What is read as a text: accounts, shells, folders of the loader, packages. */
const TEXTS =
  /^(?:etc\/(?:passwd|shells|ld\.so\.conf(?:\.d\/.*\.conf)?)|(?:etc|usr\/lib)\/os-release|var\/lib\/dpkg\/status(?:\.d\/.+(?<!\.md5sums))?|(?:usr\/)?lib\/apk\/db\/installed)$/;
/** Longer texts are cut off here, so that no image can fill the memory. */
const MAX_TEXT = 8 * 1024 * 1024;
/** As much of a script's first line as Linux reads. */
const MAX_SHEBANG = 256;

const ELF_BYTES = 4;
/** Looks into the files that {@linkcode Found} is about. */
export const probe: Probe = (entry) => {
  const known = look(entry, { secretCheck });
  const check = isContent(entry) ? secretCheck(entry.path) : undefined;
  if (!check) return known;
  const start = headSink(entry.size, SECRET_BYTES, (head) => {
    const secret = check(head);
    return secret && { secret };
  });
  return known ? both(known, start) : start;
};

function both(one: Sink, other: Sink): Sink {
  return {
    write(chunk) {
      one.write(chunk);
      other.write(chunk);
    },
    end() {
      const found = [one.end(), other.end()].filter(Boolean);
      return found.length > 0 ? Object.assign({}, ...found) : undefined;
    },
  };
}

/** Looks into a text or a program, more or less closely. */
export function look(
  entry: Readonly<Entry>,
  options: ProgramOptions,
): Sink | undefined {
  if (!isContent(entry)) return undefined;
  const { path, mode, size } = entry;
  if (TEXTS.test(path)) return textSink(size);
  return (mode & 0o111) !== 0 || /\.so(?:\.[^/]*)?$/.test(path)
    ? executableSink(entry, options)
    : undefined;
}

function isContent({ type, size }: Readonly<Entry>): boolean {
  return type === "file" && size > 0;
}

export function textSink(size: number): Sink {
  return headSink(size, MAX_TEXT, (head) => ({
    text: new TextDecoder().decode(head),
  }));
}

/** Keeps the start of a file, and says what it is. */
function headSink(
  size: number,
  most: number,
  judge: (head: Uint8Array) => Found | undefined,
) {
  const bytes = new Uint8Array(Math.min(size, most));
  let length = 0;
  const head = () => bytes.subarray(0, length);
  return {
    head,
    write(chunk: Uint8Array): void {
      const part = chunk.subarray(0, bytes.length - length);
      bytes.set(part, length);
      length += part.length;
    },
    end: () => judge(head()),
  };
}

/** Tells programs from scripts by their first bytes, and the rest from both. */
function executableSink(entry: Readonly<Entry>, options: ProgramOptions): Sink {
  const start = headSink(entry.size, MAX_SHEBANG, scriptOf);
  let inner: Sink | undefined;
  return {
    write(chunk) {
      if (inner) return inner.write(chunk);
      const { length } = start.head();
      start.write(chunk);
      const head = start.head();
      if (length >= ELF_BYTES || !isElf(head)) return;
      inner = programSink(entry, options);
      inner.write(head);
      inner.write(chunk.subarray(head.length - length));
    },
    end() {
      if (!inner) return start.end();
      const elf = inner.end() as ElfFacts | undefined;
      return elf && { elf };
    },
  };
}

/** The interpreter in a script's first line: `/bin/sh` of `#!/bin/sh -e`. */
function scriptOf(head: Uint8Array): Found | undefined {
  const line = new TextDecoder().decode(head).split("\n", 1)[0];
  const shebang = line.match(/^#![ \t]*([^\s\0]+)/)?.[1];
  return shebang === undefined ? undefined : { shebang };
}
