/**
 * Looks into the files of an image that are worth it while their layers stream
 * by: the texts that the surface is read from, and programs and libraries.
 *
 * @module
 */
import {
  type ElfFacts,
  programSink,
  type ProgramSinkOptions,
} from "../deno_binary/program_sink.ts";
import type { Entry, Probe, Sink } from "../image/model.ts";
import type { Found } from "./found.ts";

/** What is read as a text: accounts, shells, folders of the loader, packages. */
const TEXTS =
  /^(?:etc\/(?:passwd|shells|ld\.so\.conf(?:\.d\/.*\.conf)?)|(?:etc|usr\/lib)\/os-release|var\/lib\/dpkg\/status(?:\.d\/.+(?<!\.md5sums))?|(?:usr\/)?lib\/apk\/db\/installed)$/;
/** Longer texts are cut off here, so that no image can fill the memory. */
const MAX_TEXT = 8 * 1024 * 1024;
/** As much of a script's first line as Linux reads. */
const MAX_SHEBANG = 256;

const ELF = [0x7f, 0x45, 0x4c, 0x46];
const SHEBANG = [0x23, 0x21];

/** Looks into the files that {@linkcode Found} is about. */
export const probe: Probe = (entry) => look(entry, {});

/**
 * Looks into a file.
 *
 * @param options How closely to look at programs.
 */
export function look(
  entry: Readonly<Entry>,
  options: ProgramSinkOptions,
): Sink | undefined {
  if (entry.type !== "file" || entry.size === 0) return undefined;
  const { path } = entry;
  if (TEXTS.test(path)) return new TextSink(entry.size);
  const name = path.slice(path.lastIndexOf("/") + 1);
  return (entry.mode & 0o111) !== 0 || /\.so(?:\.|$)/.test(name)
    ? new HeadSink(entry, options)
    : undefined;
}

/** Keeps a text. */
export class TextSink implements Sink {
  readonly #bytes: Uint8Array;
  #length = 0;

  constructor(size: number) {
    this.#bytes = new Uint8Array(Math.min(size, MAX_TEXT));
  }

  write(chunk: Uint8Array): void {
    const part = chunk.subarray(0, this.#bytes.length - this.#length);
    this.#bytes.set(part, this.#length);
    this.#length += part.length;
  }

  end(): Found {
    return {
      text: new TextDecoder().decode(this.#bytes.subarray(0, this.#length)),
    };
  }
}

/** Tells programs from scripts by their first bytes, and the rest from both. */
class HeadSink implements Sink {
  #head = new Uint8Array(0);
  #inner?: Sink;
  #done = false;

  constructor(
    readonly entry: Readonly<Entry>,
    readonly options: ProgramSinkOptions,
  ) {}

  write(chunk: Uint8Array): void {
    if (this.#inner) return this.#inner.write(chunk);
    if (this.#done) return;
    const taken = chunk.subarray(0, MAX_SHEBANG - this.#head.length);
    const head = new Uint8Array(this.#head.length + taken.length);
    head.set(this.#head);
    head.set(taken, this.#head.length);
    this.#head = head;
    if (head.length < ELF.length) return;
    if (ELF.every((byte, i) => head[i] === byte)) {
      this.#inner = programSink(this.entry, this.options);
      this.#inner.write(head);
      this.#inner.write(chunk.subarray(taken.length));
    } else {
      this.#done = !SHEBANG.every((byte, i) => head[i] === byte) ||
        head.length === MAX_SHEBANG;
    }
  }

  end(): Found | undefined {
    if (this.#inner) {
      const elf = this.#inner.end() as ElfFacts | undefined;
      return elf && { elf };
    }
    const shebang = interpreterOf(this.#head);
    return shebang === undefined ? undefined : { shebang };
  }
}

/**
 * The interpreter in a script's first line: `/bin/sh` of `#!/bin/sh -e`.
 *
 * @param head The first bytes of the file.
 */
function interpreterOf(head: Uint8Array): string | undefined {
  const line = new TextDecoder().decode(head).split("\n", 1)[0];
  return line.match(/^#![ \t]*([^\s\0]+)/)?.[1];
}
