/**
 * Several pieces of work, so many at once.
 *
 * @module
 */

/**
 * Does work in order, so many pieces at once.
 *
 * @returns Their results, in order.
 * @throws What the first to fail has thrown, once all that had begun have ended.
 */
export async function sideBySide<T>(
  atOnce: number,
  works: (() => Promise<T>)[],
): Promise<T[]> {
  const results: T[] = [];
  const left = works.entries();
  const errors: unknown[] = [];
  const worker = async () => {
    for (const [index, work] of left) {
      try {
        results[index] = await work();
      } catch (error) {
        errors.push(error);
      }
      if (errors.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (errors.length > 0) throw errors[0];
  return results;
}
