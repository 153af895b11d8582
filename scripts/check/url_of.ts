/**
 * Where a container answers.
 *
 * @module
 */
import type { Container } from "../engine/engine.ts";

/**
 * The URL of a container that was run with a port.
 *
 * @throws {TypeError} When it was run without one: a mistake of the caller.
 */
export function urlOf(container: Pick<Container, "url">): string {
  if (container.url === undefined) {
    throw new TypeError("The container was run without a port");
  }
  return container.url;
}
