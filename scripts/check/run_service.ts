/**
 * Starts a container and waits until it serves: what every check begins with.
 * The pause between two tries is short and never grows, so that it hardly adds
 * to a start that is measured.
 *
 * @module
 */
import { EXIT, messageOf, UserError } from "../lib/errors.ts";
import type { Container, Engine, Restrictions } from "../engine/engine.ts";
import type { Contract } from "./contract_schema.ts";
import { HttpConnection } from "./http_client.ts";
import { sleep, TimeLimitError, withTimeLimit } from "./time_limit.ts";

/** Starts when somebody else takes the port each time. */
const MOST_TRIES = 5;

/** An image to check or to measure, and how. */
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
  /** `http://127.0.0.1:<port>`. */
  url: string;
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
      ...surroundings(contract),
      ...signal ? { signal } : {},
    });
    try {
      const ready = await waitUntilReady(container, contract, { signal });
      return {
        ...ready,
        container,
        url: urlOf(container),
        [Symbol.asyncDispose]: () => container[Symbol.asyncDispose](),
      };
    } catch (error) {
      const taken = container.portWasTaken?.() ?? false;
      await container[Symbol.asyncDispose]();
      if (!taken || tries === MOST_TRIES) throw error;
    }
  }
}

/** What every run of a contract's service is given. */
export function surroundings({ env, writable }: Contract) {
  return { ...env && { env }, ...writable && { writable } };
}

function urlOf(container: Pick<Container, "url">): string {
  if (container.url === undefined) {
    throw new TypeError("The container was run without a port");
  }
  return container.url;
}

/** Milliseconds between two tries: the error of a start that is measured. */
export const POLL_MS = 2;
/** A try that gets no answer is given up; a proxy may hold on to it for ever. */
const TRY_MS = 1000;
/** Milliseconds of no answer after which its end is watched for. */
const WATCH_MS = 300;

/** When a container was ready. */
export interface Ready {
  /** Milliseconds from the engine's start to the end of the first good answer. */
  readyMs: number;
  /** How many times it was asked. */
  polls: number;
}

/**
 * Asks the contract's `healthPath` until it answers as it should.
 *
 * @param container Has been started.
 * @param contract Says what to ask, and how long it may take.
 * @returns When it was ready.
 * @throws {UserError} With its log, when it ends first or never answers.
 */
export async function waitUntilReady(
  container: Pick<Container, "url" | "startedAt" | "exited" | "logs">,
  contract: Contract,
  options: { signal?: AbortSignal } = {},
): Promise<Ready> {
  const url = urlOf(container);
  const ended = new AbortController();
  let exitCode: number | undefined;
  // Some engines start a process to watch for the end, which would compete with
  // the service's own start.
  const watch = setTimeout(() => {
    container.exited.then((code) => {
      exitCode = code;
      ended.abort(new Error("The container has ended"));
    }, (error) => ended.abort(error));
  }, WATCH_MS);

  let polls = 0;
  let last = "nothing listens";
  const poll = async (signal: AbortSignal): Promise<Ready> => {
    for (;;) {
      polls++;
      try {
        const status = await withTimeLimit(
          TRY_MS,
          signal,
          (inner) => askHealth(url, contract.healthPath, inner),
        );
        const readyMs = performance.now() - container.startedAt;
        const wanted = contract.healthStatus;
        if (wanted === "any" || status === wanted) return { readyMs, polls };
        last = `status ${status} instead of ${wanted}`;
      } catch (error) {
        signal.throwIfAborted();
        last = error instanceof TimeLimitError
          ? "it took the connection and gave no answer"
          : error instanceof Deno.errors.ConnectionRefused
          ? "nothing listens"
          : messageOf(error);
      }
      await sleep(POLL_MS, signal);
    }
  };

  const { signal } = options;
  const either = AbortSignal.any([ended.signal, ...signal ? [signal] : []]);
  try {
    return await withTimeLimit(contract.readyTimeoutMs, either, poll);
  } catch (error) {
    signal?.throwIfAborted();
    if (exitCode !== undefined) {
      throw new UserError(
        `The container ended with exit code ${exitCode} before it answered`,
        {
          next: "See its log below; run the image by hand to look closer",
          exitCode: EXIT.checkFailed,
          output: await container.logs(),
        },
      );
    }
    if (!(error instanceof TimeLimitError)) throw error;
    throw new UserError(
      `No good answer from ${contract.healthPath} within ` +
        `${contract.readyTimeoutMs} ms: ${last}`,
      {
        next:
          "It must listen on 0.0.0.0 and the port in PORT; a contract.json states healthPath, healthStatus, port and readyTimeoutMs",
        exitCode: EXIT.checkFailed,
        output: await container.logs(),
        cause: error,
      },
    );
  } finally {
    clearTimeout(watch);
  }
}

async function askHealth(
  url: string,
  path: string,
  signal: AbortSignal,
): Promise<number> {
  using connection = await HttpConnection.open(url, signal);
  const response = await connection.request({
    path,
    headers: { Connection: "close" },
  });
  return response.status;
}
