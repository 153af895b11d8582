/** Checks that a service stops well: under load, when idle, after a kill. @module */
import type { Container } from "../engine/engine.ts";
import type { Check } from "../report/report_schema.ts";
import {
  dispositionOf,
  doesNothing,
  endedBy,
  exitText,
  explainEnd,
  SEE_STOPPING,
} from "./diagnose.ts";
import {
  ClosedError,
  formatRequest,
  HttpConnection,
  saysClose,
} from "./http_client.ts";
import { runCheck } from "./run_check.ts";
import { runService, type Service, type Target } from "./run_service.ts";
import { orAbort, TimeLimitError, withTimeLimit } from "./time_limit.ts";

/** What engines and orchestrators grant before they kill: the default of Docker. */
export const GRACE_MS = 10_000;
const CONNECTIONS = 32;
/** Answers that each of them has had when the load counts as under way. */
const WARM_ANSWERS = 10;

/** Each on a fresh start; one under load gives its counts even when it passes. */
export async function checkStop(target: Target): Promise<Check[]> {
  const { contract, signal } = target;
  const limit = contract.readyTimeoutMs + 2 * GRACE_MS;
  const checks: Check[] = [];
  for (const kill of ["SIGTERM", "SIGINT"] as const) {
    const name = `${kill} under load loses no accepted request`;
    let counts = "";
    const check = await runCheck(name, limit, signal, async (signal) => {
      const stopped = await stopUnderLoad({ ...target, signal }, kill);
      counts = stopped.counts;
      return stopped.wrong;
    });
    checks.push(check.status === "pass" ? { ...check, detail: counts } : check);
  }
  const { withinMs } = contract.stop;
  await using stack = new AsyncDisposableStack();
  let again: Service | undefined;
  const killed = await runCheck(
    "SIGKILL, then it starts and serves again",
    2 * limit,
    signal,
    async (signal) => {
      await killOne({ ...target, signal });
      // Throws when it does not serve.
      again = stack.use(await runService(target));
      return [];
    },
  );
  const idle = await runCheck(
    `SIGTERM when idle ends it within ${withinMs} ms`,
    limit + withinMs,
    signal,
    async (signal) => {
      again ??= stack.use(await runService({ ...target, signal }));
      return await stopIdle(again, { ...target, signal });
    },
  );
  return [...checks, idle, killed];
}

async function stopUnderLoad(
  target: Target,
  kill: "SIGTERM" | "SIGINT",
): Promise<{ wrong: string[]; counts: string }> {
  const { contract: { burst, healthPath, stop }, signal } = target;
  await using service = await runService(target);
  const path = burst.path ?? healthPath;
  const load = startLoad(service.url, path, signal);
  using stack = new DisposableStack();
  stack.defer(load.end);
  try {
    await orAbort(load.warm, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw await endedBy(service.container, "under load") ?? error;
  }
  const wrong = await endOf(service.container, kill, {
    exitCode: stop.exitCode,
    withinMs: Math.max(GRACE_MS, stop.withinMs),
    signal,
    onSignal: () => load.signalled = true,
  });
  // It may still run; then its connections would be waited for in vain.
  if (wrong.length > 0) load.end();
  await load.finished;
  const { answered, lost, late } = load;
  const open = lost + late;
  // Which of the two it is, is chance: a server that closes without notice.
  if (open > 0) {
    const next = wrong.length > 0
      ? ""
      : `: it has to answer with Connection: close before server.shutdown(), ${SEE_STOPPING}`;
    wrong.push(
      `${open} requests on open connections got no answer, ${lost} of them sent before the signal; ${answered} did${next}`,
    );
  }
  return { wrong, counts: `${answered} answered, 0 lost` };
}

/** A connection that only waits for its next request must not hold up the end. */
async function stopIdle(
  { container, url }: Service,
  { contract: { healthPath: path, stop }, signal }: Target,
): Promise<string[]> {
  using idle = await HttpConnection.open(url, signal);
  await idle.request({ path });
  return await endOf(container, "SIGTERM", { ...stop, signal });
}

async function killOne(target: Target): Promise<void> {
  await using service = await runService(target);
  await orAbort(service.container.kill("SIGKILL"), target.signal);
  await orAbort(service.container.exited, target.signal);
}

/** Sends a signal and waits for the end; tells what was wrong with it. */
export async function endOf(
  container: Container,
  kill: "SIGTERM" | "SIGINT",
  { exitCode, withinMs, signal, onSignal }: {
    exitCode: number;
    withinMs: number;
    signal?: AbortSignal;
    onSignal?: () => void;
  },
): Promise<string[]> {
  const pid = await container.pid();
  const does = await dispositionOf(pid, kill);
  const why = explainEnd(does, kill);
  if (does && doesNothing(does)) return [why];
  try {
    const code = await withTimeLimit(withinMs, signal, async (signal) => {
      onSignal?.();
      if (!killDirectly(pid, kill)) {
        await orAbort(container.kill(kill), signal);
      }
      return await orAbort(container.exited, signal);
    });
    if (code === exitCode) return [];
    const meant = code < 128
      ? `, or state "stop": { "exitCode": ${code} } in contract.json if it is meant`
      : "";
    return [
      `exit code: expected ${exitCode}, got ${exitText(code)}`,
      why + meant,
    ];
  } catch (error) {
    if (!(error instanceof TimeLimitError)) throw error;
    return [`it still ran ${withinMs} ms after ${kill}`, why];
  }
}

/** An engine takes a while to send a signal, in which requests go on. */
function killDirectly(pid: number | undefined, kill: Deno.Signal): boolean {
  try {
    if (pid !== undefined) Deno.kill(pid, kill);
    return pid !== undefined;
  } catch {
    return false; // Not ours to signal, or it ended.
  }
}

/** Clients that send as fast as they are answered, and what became of each request. */
function startLoad(url: string, path: string, outer?: AbortSignal) {
  const text = formatRequest({ path });
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, ...outer ? [outer] : []]);
  const warm = Promise.withResolvers<void>();
  let cold = CONNECTIONS;
  const load = {
    answered: 0,
    /** Sent whole before the signal, or answered in part: never finished. */
    lost: 0,
    /** Sent after the signal on an open connection and not answered at all. */
    late: 0,
    /** To be set right before the signal is sent. */
    signalled: false,
    /** Resolves once every client has had its first answers. */
    warm: warm.promise,
    end: () => over.abort(),
  };
  const open = async () => {
    try {
      return await HttpConnection.open(url, signal);
    } catch (error) {
      // After the signal nobody has to take connections any more.
      if (!signal.aborted && !load.signalled) throw error;
    }
  };
  /** A client that is told to go after the signal has gone. */
  const client = async () => {
    for (let own = 0; !load.signalled && !signal.aborted;) {
      using connection = await open();
      for (let alive = connection !== undefined; connection && alive;) {
        const early = !load.signalled;
        try {
          await connection.send(text);
          const response = await connection.receive();
          load.answered++;
          if (++own === WARM_ANSWERS && --cold === 0) warm.resolve();
          alive = !saysClose(response);
        } catch (error) {
          // Ended by us: a service that does not stop is reported as such.
          if (signal.aborted) return;
          const cut = !(error instanceof ClosedError) || error.received > 0;
          load[early || cut ? "lost" : "late"]++;
          alive = false;
        }
      }
    }
  };
  const finished = Promise.all(
    Array.from({ length: CONNECTIONS }, client),
  );
  finished.catch(warm.reject);
  warm.promise.catch(() => {});
  return Object.assign(load, { finished });
}
