/**
 * Where a name in a tar ends up, read as engines unpack it: below the root, and
 * nowhere else.
 *
 * @module
 */
import { ArchiveError } from "./archive_error.ts";

/** Linux takes no longer path, so no engine can unpack one. */
const LONGEST_PATH = 4096;

/**
 * A name as a path below the root.
 *
 * @param name As written in the tar: `./a//b/`, `/a/b`.
 * @returns The normalised path, `a/b`; `""` for the root itself.
 * @throws {ArchiveError} for a name that climbs out of the root or is too long.
 */
export function normalisePath(name: string): string {
  if (name.length > LONGEST_PATH) {
    throw new ArchiveError(
      `a name is longer than ${LONGEST_PATH} characters: ${
        JSON.stringify(name.slice(0, 64))
      }…`,
    );
  }
  // Nearly all names need no more than these cuts.
  let start = 0;
  let end = name.length;
  if (name.startsWith("./")) start = 2;
  if (end > start && name.endsWith("/")) end--;
  const plain = name.slice(start, end);
  if (!IRREGULAR.test(plain)) return plain;

  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    // `/..` is `/`, but a relative name must not leave where it is unpacked.
    else if (parts.pop() === undefined && !name.startsWith("/")) {
      throw new ArchiveError(
        `a name leaves the image: ${JSON.stringify(name)}`,
      );
    }
  }
  return parts.join("/");
}

const IRREGULAR = /^\/|\/\/|\/$|(?:^|\/)\.{1,2}(?:\/|$)/;
