/** Runs the image under restrictions that a careful operator applies. @module */
import type { Restrictions } from "../engine/engine.ts";
import type { Check } from "../report/report_schema.ts";
import { burst } from "./burst.ts";
import { checkContract } from "./check_contract.ts";
import { endedBy } from "./diagnose.ts";
import { CannotCheck, runCheck } from "./run_check.ts";
import { runService, type Target } from "./run_service.ts";

type Restriction = keyof Restrictions;

const MIB = 1 << 20;
const BURST_MS = 20_000;

const RESTRICTIONS: Record<string, Restrictions> = {
  "read-only root": { readOnly: true },
  "no capabilities": { dropCapabilities: true },
  "no new privileges": { noNewPrivileges: true },
  "arbitrary user 12345:12345": { user: "12345:12345" },
  "128 MiB of memory": { memoryBytes: 128 * MIB },
  "64 MiB of memory": { memoryBytes: 64 * MIB },
  "64 processes and threads": { pids: 64 },
};

const { "64 MiB of memory": _tighter, ...combinable } = RESTRICTIONS;
const COMBINED: Restrictions = Object.assign({}, ...Object.values(combinable));

/** What it serves under all of them it serves under each: else each is tried alone. */
export async function checkHardening(target: Target): Promise<Check[]> {
  const { contract, signal, engine } = target;
  const limit = contract.readyTimeoutMs + BURST_MS +
    contract.requests.length * contract.requestTimeoutMs;
  const keys = Object.keys(COMBINED) as Restriction[];
  const able = keys.filter((key) => engine.cannot[key] === undefined);
  const applied: Restrictions = Object.fromEntries(
    able.map((key) => [key, COMBINED[key]]),
  );
  const combined = await runCheck(
    able.length === keys.length
      ? "all restrictions combined"
      : `combined: ${able.join(", ")}`,
    limit,
    signal,
    (signal) => {
      if (able.length < 2) {
        throw new CannotCheck(`${engine.name} can apply less than two of them`);
      }
      return serves({ ...target, signal }, applied);
    },
  );

  const checks: Check[] = [];
  for (const [name, restrictions] of Object.entries(RESTRICTIONS)) {
    const own = Object.keys(restrictions) as Restriction[];
    const shown = combined.status === "pass" &&
      own.every((key) => applied[key] === restrictions[key]);
    checks.push(
      shown
        ? { name, status: "pass", detail: "shown by the restrictions combined" }
        : await runCheck(name, limit, signal, (signal) => {
          const reasons = own.map((key) => engine.cannot[key])
            .filter((reason) => reason !== undefined);
          if (reasons.length > 0) throw new CannotCheck(reasons.join("; "));
          return serves({ ...target, signal }, restrictions);
        }),
    );
  }
  return [...checks, combined];
}

async function serves(
  target: Target,
  restrictions: Restrictions,
): Promise<string[]> {
  const { contract, signal } = target;
  await using service = await runService(target, restrictions);
  const checks = await checkContract(service.url, contract, signal);
  const wrong = checks.filter((check) => check.status === "fail")
    .map((check) => `${check.name}: ${check.detail}`);
  const result = await burst(service.url, contract, BURST_MS, signal);
  if (result.failed > 0) {
    wrong.push(`${result.failed} of a burst failed: ${result.failure}`);
  } else if (!result.complete) {
    wrong.push(
      `${result.answered} of ${contract.burst.requests} answered within ${BURST_MS} ms`,
    );
  }
  if (wrong.length === 0) return [];
  const end = await endedBy(service.container, "under it");
  if (end !== undefined) throw end;
  return wrong;
}
