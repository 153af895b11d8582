/**
 * The smallest value for which something holds, by halving.
 *
 * @module
 */

/** Where to look. */
export interface BisectOptions {
  /** The smallest candidate. */
  lower: number;
  /** The largest candidate, if the resolution divides the range; else just below. */
  upper: number;
  /** Candidates are `lower`, `lower + resolution`, and so on. */
  resolution: number;
  signal?: AbortSignal;
}

/**
 * Finds the smallest candidate for which `holds`, which must hold for all larger
 * ones too. Asks once for the largest, then about log2 of the number of candidates.
 *
 * @param holds Asked one candidate at a time.
 * @returns The smallest, or `undefined` when it does not even hold for the largest.
 * @throws {RangeError} When there are no candidates.
 */
export async function bisect(
  holds: (value: number) => Promise<boolean>,
  options: BisectOptions,
): Promise<number | undefined> {
  const { lower, upper, resolution, signal } = options;
  if (!(upper >= lower && resolution > 0)) {
    throw new RangeError(
      `Cannot search ${lower} to ${upper} in steps of ${resolution}`,
    );
  }
  const value = (index: number) => lower + index * resolution;
  const ask = async (index: number) => {
    signal?.throwIfAborted();
    return await holds(value(index));
  };
  let good = Math.floor((upper - lower) / resolution);
  if (!await ask(good)) return undefined;
  for (let bad = -1; good - bad > 1;) {
    const middle = (good + bad) >> 1;
    if (await ask(middle)) good = middle;
    else bad = middle;
  }
  return value(good);
}
