/**
 * The licences of a Debian package, from its copyright file where that follows
 * the machine-readable format (DEP-5); others are prose, and prose is not guessed
 * at.
 *
 * @module
 */
import { foundIn } from "../inspect/found.ts";
import { resolvePath } from "../image/resolve_path.ts";
import type { Rootfs } from "../image/model.ts";

const COPYRIGHT = /^usr\/share\/doc\/[^/]+\/copyright$/;

/** Whether a path is the copyright file of a package. */
export function isCopyright(path: string): boolean {
  return COPYRIGHT.test(path);
}

/** The licences that the copyright file of a package names, sorted. */
export function packageLicenses(rootfs: Rootfs, name: string): string[] {
  const path = `usr/share/doc/${name}/copyright`;
  const { text } = foundIn(resolvePath(rootfs, path)?.file?.inode);
  return text === undefined ? [] : parseCopyright(text);
}

/**
 * Parses a copyright file.
 *
 * @returns Each distinct licence, a choice such as `GPL-2+ or MIT` being one;
 * nothing for prose.
 */
export function parseCopyright(text: string): string[] {
  if (!/^\s*Format(?:-Specification)?:/i.test(text)) return [];
  const licenses = new Set<string>();
  for (const [, name] of text.matchAll(/^License:[ \t]*(\S.*?)[ \t\r]*$/gim)) {
    // All of them hold: which file has which is more than a list can say.
    const all = /\bor\b/i.test(name) ? [name] : name.split(/,|\band\b/i);
    for (const one of all) {
      const trimmed = one.trim().replace(/\s+/g, " ");
      if (trimmed !== "") licenses.add(trimmed);
    }
  }
  return [...licenses].sort();
}
