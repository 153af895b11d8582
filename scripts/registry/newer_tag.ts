/**
 * Whether a newer version is tagged: only tags of the same shape are compared,
 * so that `debian-2.9.7` is followed by `debian-2.9.8` and not by `alpine-2.9.8`
 * or by `debian-2.10.0-rc.1`.
 *
 * @module
 */

/** A tag with a version in it. */
interface Version {
  before: string;
  numbers: number[];
  after: string;
}

/**
 * The newest tag of the same shape.
 *
 * @param tag The tag in use.
 * @param tags All of the repository.
 * @returns `undefined` when none is newer, or the tag has no version in it.
 */
export function newerTag(
  tag: string,
  tags: Iterable<string>,
): string | undefined {
  const used = versionOf(tag);
  if (used === undefined) return undefined;
  let newest = { tag, version: used };
  for (const other of tags) {
    const version = versionOf(other);
    if (
      version !== undefined && version.before === used.before &&
      version.after === used.after &&
      version.numbers.length === used.numbers.length &&
      compare(version.numbers, newest.version.numbers) > 0
    ) newest = { tag: other, version };
  }
  return newest.tag === tag ? undefined : newest.tag;
}

/** Two numbers at least: `13` may be a version, a year or a build. */
export function versionOf(tag: string): Version | undefined {
  const parts = /^(.*?)(\d{1,9}(?:\.\d{1,9})+)(.*)$/.exec(tag);
  if (parts === null) return undefined;
  const [, before, numbers, after] = parts;
  return { before, numbers: numbers.split(".").map(Number), after };
}

function compare(a: number[], b: number[]): number {
  const at = a.findIndex((number, index) => number !== b[index]);
  return at < 0 ? 0 : a[at] - b[at];
}
