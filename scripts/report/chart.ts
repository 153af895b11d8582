/**
 * What the pictures of the HTML report have in common. Each is drawn twice, for
 * wide and for narrow pages: text that shrinks with a picture cannot be read.
 *
 * @module
 */
import { printable } from "../lib/format.ts";
import { type Markup, markup, type Value } from "./markup.ts";

/** Widths that pictures are drawn for, in CSS pixels. */
export const WIDTHS = { wide: 800, narrow: 340 } as const;

/** A picture: its markup and its height in CSS pixels. */
export interface Drawing {
  content: Value;
  height: number;
}

/**
 * Renders a figure.
 *
 * @param label What a person who cannot see it has to know.
 * @param caption Text beneath it.
 * @param draw Draws it at a width.
 */
export function figure(
  label: string,
  caption: Value,
  draw: (width: number) => Drawing,
): Markup {
  const svg = (name: keyof typeof WIDTHS) => {
    const width = WIDTHS[name];
    const { content, height } = draw(width);
    return markup`<svg class="${name}" role="img" aria-label="${label}" viewBox="0 0 ${width} ${
      round(height)
    }" width="${width}" height="${round(height)}">${content}</svg>
`;
  };
  return markup`<figure>
${svg("wide")}${svg("narrow")}<figcaption>${caption}</figcaption>
</figure>
`;
}

/** A filled box with a tooltip. */
export function box(
  { x, y, width, height, kind, title }: {
    x: number;
    y: number;
    width: number;
    height: number;
    /** Class that gives the colour. */
    kind: string;
    title: string;
  },
): Markup {
  return markup`<rect class="${kind}" x="${round(x)}" y="${round(y)}" width="${
    round(width)
  }" height="${round(height)}"><title>${title}</title></rect>`;
}

/** One line of text. */
export function label(
  x: number,
  y: number,
  text: Value,
  kind = "",
): Markup {
  return markup`<text x="${round(x)}" y="${round(y)}"${
    kind !== "" && markup` class="${kind}"`
  }>${text}</text>`;
}

/** Hundredths of a pixel are enough, and keep the file small. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Width of a character at 13 pixels, on average; a little too much rather. */
const CHARACTER = 7.1;
/** The same for names, which are bold and larger. */
const NAME_CHARACTER = 8.8;

/**
 * As much of a text as fits.
 *
 * @param text Text of 13 pixels' size.
 * @param width Pixels to fit it into.
 * @param character Pixels of one character, for text of another size.
 * @returns The text, its beginning and an ellipsis, or nothing when less than
 * three characters would be left.
 */
export function fitted(
  text: string,
  width: number,
  character = CHARACTER,
): string {
  const room = Math.floor(width / character);
  const characters = [...text];
  if (characters.length <= room) return text;
  return room < 4 ? "" : `${characters.slice(0, room - 1).join("")}…`;
}

/** The name of a variant, as the heading of its part of a picture. */
export function nameLabel(
  name: string,
  y: number,
  width: number,
  { best = false, beside }: { best?: boolean; beside?: Value } = {},
): Markup {
  const text = fitted(printable(name), width, NAME_CHARACTER);
  return label(0, y, [text, beside], best ? "name best" : "name");
}
