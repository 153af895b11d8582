/**
 * A port of this host for a service: chosen before it starts, so that no
 * question to the engine lies between its start and the first request. @module
 */

/** Below the range that Linux hands to outgoing connections: 32768 and up. */
const LOWEST = 20000;
const HIGHEST = 32000;

const given = new Set<number>();

/** Whether a port can be listened on, on every address. */
export function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "0.0.0.0", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

/** A TCP port that nothing listens on and that was not given before. */
export function freePort(): number {
  for (let tries = 0; tries < 200; tries++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (given.has(port) || !isFree(port)) continue;
    given.add(port);
    return port;
  }
  throw new Error(`Cannot find a free port from ${LOWEST} to ${HIGHEST}`);
}
