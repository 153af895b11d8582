/** How figures are written for people: one rule for all reports. @module */

/** Bytes as engines and registries show them: `29.3 MB`, three digits at most. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(round(value)) >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : round(value)} ${UNITS[unit]}`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

function round(value: number): number {
  return Math.abs(value) >= 99.95
    ? Math.round(value)
    : Math.round(value * 10) / 10;
}

/** A duration in the unit that suits it: `84 ms`, `3.2 s` or `2 min 5 s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** A part of a whole: `12.5 %`; `<0.1 %` for a part that is not nothing. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0 || part === 0) return "0 %";
  const percent = part / whole * 100;
  return percent < 0.05 ? "<0.1 %" : `${Number(percent.toFixed(1))} %`;
}

/** One size against another: `3.5× smaller`, or `same` within 0.5 %. */
export function formatRatio(bytes: number, baseline: number): string {
  if (bytes === baseline) return "same";
  if (bytes === 0 || baseline === 0) return "–";
  const ratio = baseline / bytes;
  if (Math.abs(ratio - 1) < 0.005) return "same";
  return ratio > 1
    ? `${ratio.toFixed(1)}× smaller`
    : `${(1 / ratio).toFixed(1)}× larger`;
}

/** The actual value or the limit of a budget's rule. */
export function formatLimit(
  value: number | boolean,
  unit: "bytes" | "milliseconds" | "count" | "fact",
): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (unit === "bytes") return formatBytes(value);
  return unit === "milliseconds" ? formatDuration(value) : String(value);
}

/**
 * Text from an image, made safe to print, as a terminal obeys control characters:
 * those, marks that turn the writing direction, lone surrogates and bytes that are
 * not UTF-8 become `\x1b`, `\n`, `\u202e` or `\xe9`.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const short = SHORT[character];
    if (short !== undefined) return short;
    const code = character.charCodeAt(0);
    // The reader of names keeps a byte that is not UTF-8 as U+DC00 + byte.
    const byte = code >= 0xdc80 && code <= 0xdcff;
    const hex = (byte ? code - 0xdc00 : code).toString(16);
    return hex.length <= 2
      ? `\\x${hex.padStart(2, "0")}`
      : `\\u${hex.padStart(4, "0")}`;
  });
}

const SHORT: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
// Cc: controls; Zl, Zp: line ends of their own; Cs: surrogates without the other half.
const UNPRINTABLE =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
