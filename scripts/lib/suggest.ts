/** The guess at what somebody meant, wherever names are taken. @module */
import { closest, distance } from "fastest-levenshtein";

/**
 * The closest of the known words, unless more than a third of its letters, and
 * more than two, would have to change.
 */
export function suggest(word: string, known: string[]): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(word, known);
  return distance(word, best) <= Math.max(2, best.length / 3)
    ? best
    : undefined;
}
