/**
 * Shows where two values differ, line by line, for a failed assertion.
 *
 * @module
 */

/** Above this many line pairs, the values are shown whole, one after the other. */
const MOST_PAIRS = 1_000_000;

/**
 * A value as text, with sorted keys, so that equal values read the same.
 *
 * @param value Any value.
 * @returns Text of one or more lines.
 */
export function show(value: unknown): string {
  return Deno.inspect(value, {
    depth: Infinity,
    sorted: true,
    trailingComma: true,
    compact: false,
    iterableLimit: Infinity,
    strAbbreviateSize: Infinity,
    colors: false,
  });
}

/**
 * The lines of two values: `-` is only in the first, `+` only in the second.
 *
 * @param actual The value that was found.
 * @param expected The value that was hoped for.
 * @returns The lines, joined.
 */
export function diff(actual: unknown, expected: unknown): string {
  const a = lines(actual);
  const b = lines(expected);
  if (a.length * b.length > MOST_PAIRS) {
    return [...mark("-", a), ...mark("+", b)].join("\n");
  }
  // common[i][j]: length of the longest common subsequence of a[i..] and b[j..].
  const common = Array.from(
    { length: a.length + 1 },
    () => new Uint32Array(b.length + 1),
  );
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i][j] = a[i] === b[j]
        ? common[i + 1][j + 1] + 1
        : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const out: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      out.push(`    ${a[i++]}`);
      j++;
    } else if (common[i + 1][j] >= common[i][j + 1]) {
      out.push(...mark("-", [a[i++]]));
    } else {
      out.push(...mark("+", [b[j++]]));
    }
  }
  out.push(...mark("-", a.slice(i)), ...mark("+", b.slice(j)));
  return out.join("\n");
}

function lines(value: unknown): string[] {
  const text = typeof value === "string" && value.includes("\n")
    ? value
    : show(value);
  return text.split("\n");
}

function mark(sign: "-" | "+", texts: string[]): string[] {
  return texts.map((text) => `${sign}   ${text}`);
}
