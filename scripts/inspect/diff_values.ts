/**
 * Compares two lists of named values.
 *
 * @module
 */
import type { ValueChange } from "./diff_schema.ts";

/** The names whose values differ, sorted. */
export function diffValues(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): ValueChange[] {
  const changes: ValueChange[] = [];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const old = before.get(name);
    const now = after.get(name);
    if (old === now) continue;
    changes.push({
      name,
      ...(old === undefined ? {} : { before: old }),
      ...(now === undefined ? {} : { after: now }),
    });
  }
  return changes.sort((a, b) => a.name < b.name ? -1 : 1);
}
