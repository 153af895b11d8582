/**
 * Load that knows, for every request, what became of it when the service was
 * told to stop.
 *
 * @module
 */
import { HttpConnection } from "./http_client.ts";
import { ClosedError, formatRequest, saysClose } from "./http_message.ts";

/** Answers that each client has had when the load counts as under way. */
const WARM_ANSWERS = 10;

/** What became of the requests. */
export interface StopTally {
  /** Whole answers. */
  answered: number;
  /** Sent whole before the signal, or answered in part: never finished. */
  lost: number;
  /** Sent after the signal and not answered at all; a client may send it again. */
  refused: number;
}

/** Load that runs. */
export interface StopLoad extends Disposable {
  /** Resolves once every client has had ten answers. */
  readonly warm: Promise<void>;
  /** To be called right before the signal is sent. */
  markSignal(): void;
  /** Resolves when every connection has ended. */
  finished(): Promise<StopTally>;
}

/**
 * Sends requests over connections that stay open, as fast as they are answered,
 * until the service ends each connection.
 *
 * @param url `http://127.0.0.1:<port>`.
 * @param signal Ends it at once.
 */
export function startStopLoad(
  url: string,
  path: string,
  connections: number,
  signal?: AbortSignal,
): StopLoad {
  const over = new AbortController();
  const either = AbortSignal.any([over.signal, ...signal ? [signal] : []]);
  const tally: StopTally = { answered: 0, lost: 0, refused: 0 };
  const text = formatRequest({ path });
  const warm = Promise.withResolvers<void>();
  let cold = connections;
  let signalled = false;

  // A client that is told to go, or turned away after the signal, has gone.
  const client = async () => {
    for (let own = 0; !signalled && !either.aborted;) {
      using connection = await open();
      for (let alive = connection !== undefined; alive;) {
        const early = !signalled;
        try {
          await connection?.send(text);
          const response = await connection?.receive();
          tally.answered++;
          if (++own === WARM_ANSWERS && --cold === 0) warm.resolve();
          alive = response !== undefined && !saysClose(response);
        } catch (error) {
          // Ended by us: a service that does not stop is reported as such.
          if (either.aborted) return;
          const cut = !(error instanceof ClosedError) || error.received > 0;
          if (early || cut) tally.lost++;
          else tally.refused++;
          alive = false;
        }
      }
    }
  };
  const open = async () => {
    try {
      return await HttpConnection.open(url, either);
    } catch (error) {
      if (either.aborted) return;
      // Nobody takes connections any more; before the signal that is a failure.
      if (!signalled) throw error;
    }
  };
  const clients = Promise.all(Array.from({ length: connections }, client));
  clients.catch((error) => warm.reject(error));
  warm.promise.catch(() => {});
  return {
    warm: warm.promise,
    markSignal: () => signalled = true,
    finished: async () => {
      await clients;
      return tally;
    },
    [Symbol.dispose]: () => over.abort(),
  };
}
