/** Looks into the files of an image while their layers stream by. @module */
import { isElf } from "../deno_binary/elf.ts";
import type { ProgramOptions } from "../deno_binary/program_files.ts";
import { type ElfFacts, programSink } from "../deno_binary/program_sink.ts";
import type { Entry, Probe, Sink } from "../image/model.ts";
import type { Found } from "./found.ts";
import { SECRET_BYTES, secretCheck } from "./secrets.ts";

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
  const start = new HeadSink(entry.size, SECRET_BYTES, (head) => {
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
    ? new ExecutableSink(entry, options)
    : undefined;
}

function isContent({ type, size }: Readonly<Entry>): boolean {
  return type === "file" && size > 0;
}

export function textSink(size: number): Sink {
  return new HeadSink(size, MAX_TEXT, (head) => ({
    text: new TextDecoder().decode(head),
  }));
}

class HeadSink implements Sink {
  readonly #bytes: Uint8Array;
  #length = 0;

  constructor(
    size: number,
    most: number,
    readonly judge: (head: Uint8Array) => Found | undefined,
  ) {
    this.#bytes = new Uint8Array(Math.min(size, most));
  }

  get head(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  write(chunk: Uint8Array): void {
    const part = chunk.subarray(0, this.#bytes.length - this.#length);
    this.#bytes.set(part, this.#length);
    this.#length += part.length;
  }

  end(): Found | undefined {
    return this.judge(this.head);
  }
}

/** Tells programs from scripts by their first bytes, and the rest from both. */
class ExecutableSink extends HeadSink {
  #inner?: Sink;

  constructor(
    readonly entry: Readonly<Entry>,
    readonly options: ProgramOptions,
  ) {
    super(entry.size, MAX_SHEBANG, scriptOf);
  }

  override write(chunk: Uint8Array): void {
    if (this.#inner) return this.#inner.write(chunk);
    const { length } = this.head;
    super.write(chunk);
    if (length >= ELF_BYTES || !isElf(this.head)) return;
    this.#inner = programSink(this.entry, this.options);
    this.#inner.write(this.head);
    this.#inner.write(chunk.subarray(this.head.length - length));
  }

  override end(): Found | undefined {
    if (!this.#inner) return super.end();
    const elf = this.#inner.end() as ElfFacts | undefined;
    return elf && { elf };
  }
}

/** The interpreter in a script's first line: `/bin/sh` of `#!/bin/sh -e`. */
function scriptOf(head: Uint8Array): Found | undefined {
  const line = new TextDecoder().decode(head).split("\n", 1)[0];
  const shebang = line.match(/^#![ \t]*([^\s\0]+)/)?.[1];
  return shebang === undefined ? undefined : { shebang };
}
