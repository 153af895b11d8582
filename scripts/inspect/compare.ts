/** The comparisons that diff, growth and reproducibility share. @module */
import type { Entry } from "../image/model.ts";

export interface Change<T> {
  name: string;
  before?: T;
  after?: T;
}

export function changedValues<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): Change<T>[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort()
    .flatMap((name) => {
      const [old, now] = [before.get(name), after.get(name)];
      if (old === now) return [];
      return [{
        name,
        ...old !== undefined && { before: old },
        ...now !== undefined && { after: now },
      }];
    });
}

/** What of a path can differ, the time of its last change left out. */
export const FIELDS = [
  "type",
  "content",
  "link",
  "device",
  "mode",
  "owner",
  "capabilities",
] as const;

export function changedFields(a: Entry, b: Entry): typeof FIELDS[number][] {
  const same: Record<typeof FIELDS[number], boolean> = {
    type: a.type === b.type,
    // Of two types, the type says it all.
    content: a.type !== b.type || a.size === b.size && a.sha256 === b.sha256,
    link: a.type !== b.type || a.link === b.link,
    device: a.type !== b.type || a.device === b.device,
    mode: a.mode === b.mode,
    owner: a.uid === b.uid && a.gid === b.gid,
    capabilities: a.capabilities === b.capabilities,
  };
  return FIELDS.filter((field) => !same[field]);
}
