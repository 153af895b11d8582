/**
 * Where two JSON documents differ, such as the configs of two images.
 *
 * @module
 */

/**
 * Compares two documents.
 *
 * @returns The places that differ, as `config.Env[0]`; `""` for the whole.
 */
export function compareDocuments(
  first: unknown,
  second: unknown,
  at = "",
): string[] {
  if (Array.isArray(first) && Array.isArray(second)) {
    return indices(first, second).flatMap((index) =>
      compareDocuments(first[index], second[index], `${at}[${index}]`)
    );
  }
  if (isObject(first) && isObject(second)) {
    const names = new Set([...Object.keys(first), ...Object.keys(second)]);
    return [...names].flatMap((name) =>
      compareDocuments(first[name], second[name], at ? `${at}.${name}` : name)
    );
  }
  return Object.is(first, second) ? [] : [at];
}

function indices(first: unknown[], second: unknown[]): number[] {
  return Array.from(
    { length: Math.max(first.length, second.length) },
    (_, index) => index,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
