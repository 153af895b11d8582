/**
 * What a registry asks for when it says 401: the header `WWW-Authenticate`.
 *
 * @module
 */

/** How a registry wants to be asked. */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  scheme: string;
  /** As `realm`, `service` and `scope`. */
  parameters: Record<string, string>;
}

/**
 * Reads the first challenge.
 *
 * @param header As `Bearer realm="https://auth.example/token",service="x"`.
 * @returns `undefined` when there is none that can be read.
 */
export function parseChallenge(header: string): Challenge | undefined {
  const start = /^\s*([A-Za-z]+)(?:\s+|$)/.exec(header);
  if (start === null) return undefined;
  const parameters: Record<string, string> = {};
  const pairs = header.slice(start[0].length)
    .matchAll(/([A-Za-z]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s",]+))/g);
  for (const [, name, quoted, bare] of pairs) {
    parameters[name.toLowerCase()] ??= quoted?.replace(/\\(.)/g, "$1") ?? bare;
  }
  return { scheme: start[1].toLowerCase(), parameters };
}
