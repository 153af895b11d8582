/** The guess at what somebody meant, wherever names are taken. @module */
import { closest, distance } from "fastest-levenshtein";

/** The closest, unless more than a third of its letters, and two, would change. */
export function suggest(word: string, known: string[]): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(word, known);
  return distance(word, best) <= Math.max(2, best.length / 3)
    ? best
    : undefined;
}
