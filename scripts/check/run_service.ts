/** Starts a container and waits until it serves. @module */
import { EXIT, messageOf, UserError } from "../lib/errors.ts";
import type { Container, Engine, Restrictions } from "../engine/engine.ts";
import type { Contract } from "./contract_schema.ts";
import {
  explainAnswer,
  explainExit,
  explainSilence,
  isElsewhere,
  isOnLoopback,
  listeningOf,
  NO_ANSWER,
  onLoopback,
} from "./diagnose.ts";
import { HttpConnection } from "./http_client.ts";
import { sleep, TimeLimitError, withTimeLimit } from "./time_limit.ts";

/** Starts when somebody else takes the port each time. */
const MOST_TRIES = 5;

export interface Target {
  engine: Engine;
  image: string;
  /** The port it listens on inside its container. */
  port: number;
  contract: Contract;
  /** Paths that the variants are to answer alike, beside the contract's. */
  paths?: string[];
  signal?: AbortSignal;
}

/** A container that serves; disposing of it stops and removes it. */
export interface Service extends AsyncDisposable {
  container: Container;
  /** `http://127.0.0.1:<port>`. */
  url: string;
  /** Milliseconds from the engine's start to the end of the first good answer. */
  readyMs: number;
}

/** @throws {UserError} When it ends or never answers; it is removed by then. */
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
      signal,
    });
    try {
      const options = { port, signal };
      const readyMs = await waitUntilReady(container, contract, options);
      return {
        container,
        url: container.url!,
        readyMs,
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

/** Milliseconds between two tries, which the measured start hardly notices. */
const POLL_MS = 2;
/** The same once a start has taken long, so that a handler that throws logs less. */
const SLOW_POLL_MS = 50;
const SLOW_MS = 2000;
/** Looks, a second apart, that find it on another port before it is given up. */
const LOOKS = 5;
/** A try that gets no answer is given up; a proxy may hold on to it for ever. */
const TRY_MS = 1000;
/** Milliseconds of no answer after which its end is watched for. */
const WATCH_MS = 300;

type Waited =
  & Pick<Container, "url" | "startedAt" | "exited" | "logs">
  & Partial<Pick<Container, "pid">>;

/**
 * Gives {@linkcode Service.readyMs}, or throws with the reason and the log; `port` is
 * the one inside, where it differs.
 */
export async function waitUntilReady(
  container: Waited,
  contract: Contract,
  options: { port?: number; signal?: AbortSignal } = {},
): Promise<number> {
  const url = container.url!; // It was run with a port.
  const { healthPath: path, healthStatus: wanted, readyTimeoutMs } = contract;
  const headers = { Connection: "close" };
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

  let last = "nothing listens";
  let answered = false;
  let looks = 0;
  const poll = async (signal: AbortSignal): Promise<number> => {
    for (let polls = 1;; polls++) {
      try {
        const status = await withTimeLimit(TRY_MS, signal, async (signal) => {
          using connection = await HttpConnection.open(url, signal);
          return (await connection.request({ path, headers })).status;
        });
        const readyMs = performance.now() - container.startedAt;
        if (wanted === "any" || status === wanted) return readyMs;
        answered = true;
        last = `status ${status} instead of ${wanted}`;
      } catch (error) {
        signal.throwIfAborted();
        last = error instanceof TimeLimitError
          ? NO_ANSWER
          : error instanceof Deno.errors.ConnectionRefused
          ? "nothing listens"
          : messageOf(error);
      }
      const slow = performance.now() - container.startedAt > SLOW_MS;
      if (slow && polls % 20 === 0) {
        looks = await isUnreachable() ? looks + 1 : 0;
        if (looks === LOOKS) {
          throw new TimeLimitError("It would never be reached");
        }
      }
      await sleep(slow ? SLOW_POLL_MS : POLL_MS, signal);
    }
  };
  const outside = Number(new URL(url).port);
  const { port: inside = outside, signal } = options;
  const look = async () => {
    const listening = await listeningOf(await container.pid?.());
    return { listening, port: listening?.shared ? outside : inside };
  };
  const isUnreachable = async () => {
    if (answered) return false;
    const { listening, port } = await look();
    return listening !== undefined && (isElsewhere(listening, port) ||
      !listening.shared && isOnLoopback(listening, port));
  };
  const explain = async (log: string) => {
    if (answered) return undefined;
    const stated = contract.port !== undefined;
    return explainSilence({ ...await look(), stated, log });
  };

  const either = AbortSignal.any([ended.signal, ...signal ? [signal] : []]);
  try {
    return await withTimeLimit(readyTimeoutMs, either, poll);
  } catch (cause) {
    signal?.throwIfAborted();
    if (exitCode === undefined && !(cause instanceof TimeLimitError)) {
      throw cause;
    }
    const output = await container.logs();
    if (exitCode !== undefined) {
      throw explainExit(exitCode, "before it answered", output);
    }
    const { reason, next } = await explain(output) ??
      explainAnswer(last, output);
    const waited = Math.round(performance.now() - container.startedAt);
    const within = Math.min(readyTimeoutMs, waited);
    throw new UserError(
      `No good answer from ${path} within ${within} ms: ${reason}`,
      { next, exitCode: EXIT.checkFailed, output, cause },
    );
  } finally {
    clearTimeout(watch);
  }
}

/** Why only this machine reaches a service, where it shares this machine's network. */
export async function unreachable(
  { container, url }: Pick<Service, "container" | "url">,
): Promise<string | undefined> {
  const port = Number(new URL(url).port);
  const listening = await listeningOf(await container.pid());
  return listening?.shared && isOnLoopback(listening, port)
    ? onLoopback(port)
    : undefined;
}
