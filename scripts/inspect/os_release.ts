/**
 * Which distribution an image is, from the file that names it.
 *
 * @module
 */
import { foundIn } from "./found.ts";
import { resolvePath } from "../image/resolve_path.ts";
import type { Rootfs } from "../image/model.ts";

/** What etc/os-release says. */
export interface Distribution {
  /** As `debian`. */
  id: string;
  /** As `13`. */
  version?: string;
  /** As `Debian GNU/Linux 13 (trixie)`. */
  name?: string;
}

/** The first one that is there counts; often it is a link to the second. */
const PATHS = ["etc/os-release", "usr/lib/os-release"];

/** Whether a path names the distribution. */
export function isOsRelease(path: string): boolean {
  return PATHS.includes(path);
}

/** The distribution of a root file system. */
export function distribution(rootfs: Rootfs): Distribution | undefined {
  for (const path of PATHS) {
    const { text } = foundIn(resolvePath(rootfs, path)?.file?.inode);
    if (text !== undefined) return parseOsRelease(text);
  }
  return undefined;
}

/** Parses lines of `NAME=value`, where the value may be quoted as in a shell. */
export function parseOsRelease(text: string): Distribution | undefined {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name, value] = line.match(/^\s*([A-Z0-9_]+)=(.*?)\s*$/) ?? [];
    if (name === undefined) continue;
    const [, quote, inner] = value.match(/^(["'])(.*)\1$/) ?? [];
    values.set(
      name,
      quote === '"' ? inner.replace(/\\([$"\\`])/g, "$1") : inner ?? value,
    );
  }
  const id = values.get("ID");
  const version = values.get("VERSION_ID");
  const name = values.get("PRETTY_NAME");
  return id
    ? { id, ...version && { version }, ...name && { name } }
    : undefined;
}
