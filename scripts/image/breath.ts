/**
 * Lets timers and signals have their turn. Streams that always have something
 * ready, and Deno's zlib, go on without ever returning to the event loop; Ctrl-C
 * would not be heard until they are done.
 *
 * @module
 */

/** Milliseconds of work after which others are heard: too short for people to notice. */
const LONGEST = 50;

let last = performance.now();

/** A turn of the event loop if it is time for one. */
export function breath(): Promise<void> | undefined {
  if (performance.now() - last < LONGEST) return undefined;
  return new Promise((resolve) =>
    setTimeout(() => {
      last = performance.now();
      resolve();
    })
  );
}
