/**
 * Work that only one process at a time may do on a folder. The lock is the
 * kernel's: it goes with the process that holds it, and leaves no file behind.
 *
 * @module
 */

/**
 * Waits until nobody else works on a folder, and works.
 *
 * @param folder Which; nothing is written to it.
 * @param work What only one may do; it must not ask for the same lock.
 */
export async function locked<T>(
  folder: string,
  work: () => Promise<T>,
): Promise<T> {
  using handle = await Deno.open(folder);
  // Some network file systems have no locks: then it goes as it did without.
  await handle.lock(true).catch(() => {});
  return await work();
}
