/**
 * Columns that text takes on a terminal; names may hold wide or combining
 * characters, and a table must not come apart because of them. @module
 */
import { stripVTControlCharacters } from "node:util";

const NONE = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

/** Columns that a text takes, which has no control characters but for colours. */
export function textWidth(text: string): number {
  return [...stripVTControlCharacters(text)]
    .reduce((width, character) => width + widthOf(character), 0);
}

function widthOf(character: string): number {
  return NONE.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}

/** The first characters that fit into so many columns. */
function fitting(characters: string[], room: number): string[] {
  let used = 0;
  const end = characters
    .findIndex((character) => (used += widthOf(character)) > room);
  return end < 0 ? characters : characters.slice(0, end);
}

/** Shortens a text at its end, to columns of which there is at least one. */
export function clip(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  return `${fitting([...text], width - 1).join("").trimEnd()}…`;
}

/** Shortens a text in its middle, to 3 columns at least: a path's end says most. */
export function clipMiddle(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  const backwards = [...text].reverse();
  const end = fitting(backwards, Math.ceil((width - 1) / 2)).reverse().join("");
  return clip(text, width - textWidth(end)) + end;
}

/** Breaks a line at its spaces; words longer than the width are broken anywhere. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (textWidth(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    line = "";
    for (const character of word) {
      if (textWidth(line + character) > width) {
        lines.push(line);
        line = "";
      }
      line += character;
    }
  }
  return [...lines, line];
}
