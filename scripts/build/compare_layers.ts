/**
 * Why two builds of one layer have different digests: record by record, with the
 * times of last change, which a comparison of file systems leaves out.
 *
 * @module
 */
import type { Entry, Layer } from "../image/model.ts";
import { changedFields, type FIELDS } from "../inspect/compare.ts";

/** What differs in one record of a layer's tar. */
export type RecordChange =
  | "only in the first build"
  | "only in the second build"
  | typeof FIELDS[number]
  | "mtime";

/** A path whose record is another one in the second build. */
export interface RecordDifference {
  /** From the root. */
  path: string;
  changes: RecordChange[];
}

/**
 * Compares two builds of one layer.
 *
 * @returns The paths whose records differ, sorted. None, although the digests
 * differ: then it is the order of the records, or a header that is not looked at.
 */
export function compareLayers(
  first: Pick<Layer, "entries">,
  second: Pick<Layer, "entries">,
): RecordDifference[] {
  const before = byPath(first);
  const after = byPath(second);
  const found: RecordDifference[] = [];
  for (const path of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const changes = compare(before.get(path), after.get(path));
    if (changes.length > 0) found.push({ path: `/${path}`, changes });
  }
  return found;
}

/** Of a path that is there twice, the last record counts, as when it is unpacked. */
function byPath({ entries }: Pick<Layer, "entries">): Map<string, Entry> {
  return new Map(entries.map((entry) => [entry.path, entry]));
}

function compare(a: Entry | undefined, b: Entry | undefined): RecordChange[] {
  if (a === undefined) return ["only in the second build"];
  if (b === undefined) return ["only in the first build"];
  const changes: RecordChange[] = changedFields(a, b);
  return a.mtime === b.mtime ? changes : [...changes, "mtime"];
}
