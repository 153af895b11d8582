/**
 * Starts a container and waits until it serves: what every proof begins with.
 *
 * @module
 */
import type { Container, Engine, Restrictions } from "../engine/engine.ts";
import type { Contract } from "./contract_schema.ts";
import { type Ready, waitUntilReady } from "./wait_until_ready.ts";

/** Starts when somebody else takes the port each time. */
const MOST_TRIES = 5;

/** An image to prove or to measure, and how. */
export interface Target {
  engine: Engine;
  image: string;
  /** The port it listens on inside its container. */
  port: number;
  contract: Contract;
  signal?: AbortSignal;
}

/** A container that serves; disposing of it stops and removes it. */
export interface Service extends AsyncDisposable, Ready {
  container: Container;
}

/**
 * Runs an image until it is ready.
 *
 * @param target The image.
 * @param restrictions What it is restricted by.
 * @throws {UserError} When it ends or never answers; it is removed by then.
 */
export async function runService(
  target: Target,
  restrictions: Restrictions = {},
): Promise<Service> {
  const { engine, image, port, contract, signal } = target;
  for (let tries = 1;; tries++) {
    const container = await engine.run({
      ...restrictions,
      image,
      port,
      ...contract.env ? { env: contract.env } : {},
      ...signal ? { signal } : {},
    });
    try {
      const ready = await waitUntilReady(container, contract, { signal });
      return {
        ...ready,
        container,
        [Symbol.asyncDispose]: () => container[Symbol.asyncDispose](),
      };
    } catch (error) {
      const taken = container.portWasTaken?.() ?? false;
      await container[Symbol.asyncDispose]();
      if (!taken || tries === MOST_TRIES) throw error;
    }
  }
}
