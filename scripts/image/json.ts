/**
 * JSON of unknown origin, taken apart without trusting it: what is not of the
 * expected shape reads as empty, as the engines do.
 *
 * @module
 */
import { ArchiveError } from "./archive_error.ts";

/**
 * Bytes as JSON.
 *
 * @param what Names the document in the message.
 * @throws {ArchiveError} when it is none.
 */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new ArchiveError(`${what} is not valid JSON`, { cause });
  }
}

/** The fields of an object; none for anything else. */
export function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : {};
}

/** The items of an array; none for anything else. */
export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A string; `""` for anything else. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The strings of an array, or a single string. */
export function textsOf(value: unknown): string[] {
  return (typeof value === "string" ? [value] : listOf(value))
    .filter((item) => typeof item === "string");
}
