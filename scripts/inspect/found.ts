/** What the probe found in files while their layers streamed by. @module */
import type { Entry, Rootfs } from "../image/model.ts";
import { resolvePath } from "../image/resolve_path.ts";
import type { Secret } from "./inspect_schema.ts";
import type { ElfFacts } from "../deno_binary/program_sink.ts";

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
