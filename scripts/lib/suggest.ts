/**
 * The guess at what somebody meant, one for every place that takes names:
 * commands, keys of a budget, keys of a contract.
 *
 * @module
 */
import { closest, distance } from "fastest-levenshtein";

/**
 * The known word that an unknown one comes close to.
 *
 * @param word What was written.
 * @param known What would have been right.
 * @returns The closest one, or `undefined` when more than a third of its letters,
 * and more than two, would have to change.
 */
export function suggest(word: string, known: string[]): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(word, known);
  return distance(word, best) <= Math.max(2, best.length / 3)
    ? best
    : undefined;
}
