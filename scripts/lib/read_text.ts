/**
 * Files that a user names: read as text, unless they cannot be what is meant.
 *
 * @module
 */
import { UserError } from "./errors.ts";
import { formatBytes } from "./format.ts";

/** Far beyond any contract, budget or report; text is held in memory. */
const LARGEST = 50_000_000;

/**
 * Reads a file.
 *
 * @param file Its path.
 * @throws {UserError} When it is no file, too large or cannot be read.
 */
export async function readText(file: string): Promise<string> {
  let why: string;
  try {
    const { isFile, isFifo, size } = await Deno.stat(file);
    // A pipe may be meant, as with --baseline <(git show main:report.json).
    if (isFifo || isFile && size <= LARGEST) {
      return await Deno.readTextFile(file);
    }
    why = isFile
      ? `it has ${formatBytes(size)}, more than ${formatBytes(LARGEST)}`
      : "it is no file";
  } catch (cause) {
    throw new UserError(`Cannot read "${file}"`, {
      next: "Check the path",
      cause,
    });
  }
  throw new UserError(`Cannot read "${file}": ${why}`, {
    next: "Check the path",
  });
}
