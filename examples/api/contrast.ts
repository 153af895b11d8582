/**
 * The contrast of two colours as WCAG 2.2 defines it.
 *
 * @module
 */

/** What is known of a text on a background. */
export interface Contrast {
  /** 1 to 21, rounded to two decimals. */
  ratio: number;
  /** Whether text of ordinary size may be set like this, by level. */
  passes: { AA: boolean; AAA: boolean };
}

/**
 * Compares two colours; their order does not matter.
 *
 * @param text Colour as `#rrggbb`.
 * @param background Colour as `#rrggbb`.
 */
export function contrast(text: string, background: string): Contrast {
  const [dark, light] = [text, background].map(luminance)
    .toSorted((a, b) => a - b);
  const ratio = (light + 0.05) / (dark + 0.05);
  return {
    ratio: Math.round(ratio * 100) / 100,
    // The exact ratio decides: 4.499 is shown as 4.5 and still is too little.
    passes: { AA: ratio >= 4.5, AAA: ratio >= 7 },
  };
}

/** https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const channel = parseInt(color.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045
      ? channel / 12.92
      : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
