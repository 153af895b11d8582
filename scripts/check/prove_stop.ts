/**
 * Proves that the service stops as an orchestrator needs it: under load without
 * losing an accepted request, promptly when idle, and that it gets over a kill.
 *
 * @module
 */
import type { Check } from "../report/report_schema.ts";
import { endOf, GRACE_MS } from "./end_of.ts";
import { HttpConnection } from "./http_client.ts";
import { runProof } from "./run_proof.ts";
import { runService, type Target } from "./run_service.ts";
import { startStopLoad } from "./stop_load.ts";
import { orAbort } from "./time_limit.ts";
import { urlOf } from "./url_of.ts";

/** Clients that keep the service busy while it is stopped. */
const CONNECTIONS = 32;

/**
 * Starts the image once for each proof.
 *
 * @param target The image; its contract states the exit code and the time limit.
 * @returns One check per proof. A check under load gives the counts in its detail
 * even when it passes.
 */
export async function proveStop(target: Target): Promise<Check[]> {
  const { contract, signal } = target;
  const limit = contract.readyTimeoutMs + 2 * GRACE_MS;
  const checks: Check[] = [];
  for (const kill of ["SIGTERM", "SIGINT"] as const) {
    let counts: string | undefined;
    const check = await runProof(
      `${kill} under load loses no accepted request`,
      limit,
      signal,
      async (signal) => {
        const result = await stopUnderLoad({ ...target, signal }, kill);
        counts = result.counts;
        return result.wrong;
      },
    );
    checks.push(
      check.status === "pass" && counts ? { ...check, detail: counts } : check,
    );
  }
  checks.push(
    await runProof(
      `SIGTERM when idle ends it within ${contract.stop.withinMs} ms`,
      limit + contract.stop.withinMs,
      signal,
      (signal) => stopIdle({ ...target, signal }),
    ),
    await runProof(
      "SIGKILL, then it starts and serves again",
      2 * limit,
      signal,
      (signal) => killAndRestart({ ...target, signal }),
    ),
  );
  return checks;
}

async function stopUnderLoad(
  target: Target,
  kill: "SIGTERM" | "SIGINT",
): Promise<{ wrong: string[]; counts: string }> {
  const { contract, signal } = target;
  await using service = await runService(target);
  const { container } = service;
  using load = startStopLoad(
    urlOf(container),
    contract.burst.path ?? contract.healthPath,
    CONNECTIONS,
    signal,
  );
  await orAbort(load.warm, signal);
  load.markSignal();
  const { exitCode } = contract.stop;
  const wrong = await endOf(container, kill, {
    exitCode,
    withinMs: Math.max(GRACE_MS, contract.stop.withinMs),
    signal,
  });
  // It may still run; then its connections would be waited for in vain.
  if (wrong.length > 0) load[Symbol.dispose]();
  const { answered, lost, refused } = await load.finished();
  if (lost > 0) {
    wrong.push(`${lost} accepted requests were lost, ${answered} answered`);
  }
  return {
    wrong,
    counts:
      `${answered} answered, 0 lost, ${refused} turned away after the signal`,
  };
}

/** A connection that only waits for its next request must not hold up the end. */
async function stopIdle(target: Target): Promise<string[]> {
  const { contract, signal } = target;
  await using service = await runService(target);
  const { container } = service;
  using idle = await HttpConnection.open(urlOf(container), signal);
  await idle.request({ path: contract.healthPath });
  return await endOf(container, "SIGTERM", { ...contract.stop, signal });
}

async function killAndRestart(target: Target): Promise<string[]> {
  {
    await using service = await runService(target);
    await orAbort(service.container.kill("SIGKILL"), target.signal);
    await orAbort(service.container.exited, target.signal);
  }
  // Throws when it does not serve.
  await using _again = await runService(target);
  return [];
}
