/**
 * Makes every check of a kind that takes a running image. Those of health checks and
 * of the restrictions that a careful operator applies are here.
 *
 * @module
 */
import type { Container, Restrictions } from "../engine/engine.ts";
import { missingProgram } from "../engine/explain.ts";
import type { Permissions } from "../deno_binary/program_schema.ts";
import { cannotRun } from "../lib/platform.ts";
import type { Surface } from "../inspect/inspect_schema.ts";
import type { UserError } from "../lib/errors.ts";
import { condenseLog, statedError } from "../lib/log_excerpt.ts";
import type { CheckKind } from "../report/check_kinds.ts";
import type { Check } from "../report/report_schema.ts";
import {
  type Answer,
  isServerError,
  takeAnswers,
} from "./check_consistency.ts";
import { checkContract, isStuck, nameOf } from "./check_contract.ts";
import { checkNothingOpened, checkRefused } from "./check_egress.ts";
import { checkProtocol } from "./check_protocol.ts";
import { checkStop } from "./check_stop.ts";
import { endedBy, explainError } from "./diagnose.ts";
import { burst } from "./burst.ts";
import {
  addChecks,
  CannotCheck,
  type Checks,
  failureOf,
  runCheck,
} from "./run_check.ts";
import { orAbort, sleep } from "./time_limit.ts";
import {
  runService,
  type Service,
  surroundings,
  type Target,
  unreachable,
} from "./run_service.ts";

/** Name of the check that stands for all when an image does not start. */
const STARTS = "starts and answers";

export interface ImageFacts {
  /** What Deno allows the program, as far as it can be told. */
  permissions?: Permissions;
  /** As in the image's config: `CMD` and words, or `CMD-SHELL` and a line. */
  healthcheck: string[];
}

type Say = (line: string) => void;

export interface Checked {
  /** An image that does not start fails its only check. */
  checks: Checks;
  /** For {@linkcode checkConsistency}; absent when it does not start. */
  answers?: Answer[];
}

/** Makes the checks that take no time; `quick` makes only the contract's. */
export async function checkImage(
  target: Target,
  facts: ImageFacts,
  { quick = false, say }: { quick?: boolean; say?: Say } = {},
): Promise<Checked> {
  const { contract, signal } = target;
  const checks: Checks = {};
  let answers: Answer[] | undefined;
  try {
    await using service = await runService(target);
    const why = await unreachable(service);
    if (why !== undefined) return notStarted(`${why}: listen on 0.0.0.0`);
    const made = await checkContract(service.url, contract, signal);
    let found = await withEnd(await withCause(made, service), service);
    addChecks(checks, "contract", found.checks, say);
    found.ended ||= isStuck(found.checks);
    if (!found.ended) {
      answers = await takeAnswers(service.url, contract, target);
      const broken = answers?.find(isServerError);
      if (broken) broken.log = await errorOf(service);
    }
    if (quick) return { checks, answers };
    const further: [CheckKind, () => Promise<Check[]>][] = [
      ["protocol", () => checkProtocol(service.url, contract, { signal })],
      ["egress", async () => [
        checkRefused(facts.permissions, contract),
        await checkNothingOpened(service, contract, signal),
      ]],
      [
        "health",
        () => checkHealth(service.container, target, facts.healthcheck),
      ],
    ];
    for (const [kind, make] of further) {
      if (found.ended) break;
      found = await withEnd(await make(), service);
      addChecks(checks, kind, found.checks, say);
    }
  } catch (thrown) {
    return notStarted(detailOf(failureOf(thrown, signal)));
  }
  const made = await checkHardening(withoutFailed(target, checks));
  addChecks(checks, "hardening", made, say);
  return { checks, answers };
}

/** Adds the checks that load beside them would falsify to those of one that starts. */
export async function checkTimed(
  target: Target,
  checks: Checks,
  say?: Say,
): Promise<void> {
  addChecks(
    checks,
    "stop",
    await checkStop(withoutFailed(target, checks)),
    say,
  );
}

/** What fails anyway says nothing of a restriction. */
function withoutFailed(target: Target, { contract = [] }: Checks): Target {
  const failed = contract.filter(({ status }) => status === "fail")
    .map(({ name }) => name);
  const requests = target.contract.requests
    .filter((request) => !failed.includes(nameOf(request)));
  return { ...target, contract: { ...target.contract, requests } };
}

/** The first check that failed for an error of the service tells it. */
async function withCause(
  checks: Check[],
  service: Service,
): Promise<Check[]> {
  const broken = checks.find(({ detail }) => /got 5\d\d/.test(detail ?? ""));
  const error = broken && await errorOf(service);
  if (error === undefined) return checks;
  const detail = [`${broken?.detail}; its log: ${error}`, explainError(error)]
    .filter(Boolean).join(". ");
  return checks.map((check) => check === broken ? { ...check, detail } : check);
}

/** The error in its log, which may come a moment after the answer. */
async function errorOf({ container }: Service): Promise<string | undefined> {
  for (let tries = 1;; tries++) {
    const error = statedError(await container.logs());
    if (error !== undefined || tries === 4) return error;
    await sleep(100);
  }
}

/** What clients say when the program at the other end has gone. */
const GONE = /refused|reset|without an answer|into the answer|broken pipe/i;

/** Where a service has ended, the check at which it did tells how; later ones skip. */
async function withEnd(
  checks: Check[],
  { container }: Service,
): Promise<{ checks: Check[]; ended: boolean }> {
  const isGone = ({ status, detail = "" }: Check) =>
    status === "fail" && GONE.test(detail);
  const first = checks.findIndex(isGone);
  if (first === -1) return { checks, ended: false };
  const refused = /refused/i.test(checks[first].detail ?? "");
  const when = refused ? "before this request" : "at this request";
  const end = await endedBy(container, when);
  if (end === undefined) return { checks, ended: false };
  const detail = `${end.message}. ${end.next}`;
  const told = checks.map((check, index): Check =>
    index === first
      ? { ...check, detail }
      : index > first && isGone(check)
      ? { ...check, status: "skip", detail: "the container had ended by then" }
      : check
  );
  return { checks: told, ended: true };
}

function notStarted(detail: string): Checked {
  const checks: Checks = {};
  addChecks(checks, "contract", [{ name: STARTS, status: "fail", detail }]);
  return { checks };
}

/** What a report tells of a failure: what is wrong, what to do, and the log. */
export function detailOf({ message, next, output = "" }: UserError): string {
  return [`${message}. ${next}`, condenseLog(output)].filter(Boolean)
    .join("\n");
}

/** What is known of an image that starts nowhere, or not here, if it is such. */
export function checkUnrun(
  { architecture, surface: { foreign = [], missing = [] } }: {
    architecture: string;
    surface: Pick<Surface, "foreign" | "missing">;
  },
  why: (architecture: string) => string | undefined = cannotRun,
): Check | undefined {
  const check = (status: Check["status"], detail: string): Check => (
    { name: STARTS, status, detail }
  );
  if (foreign.length > 0) {
    const named = foreign.join(", ");
    return check(
      "fail",
      `not for ${architecture}, as the image says: ${named}`,
    );
  }
  const reason = why(architecture);
  if (reason === undefined) return undefined;
  return missing.length > 0
    ? check("fail", `needed and not there: ${missing.join(", ")}`)
    : check("skip", reason);
}

/** What Docker grants a health check that states no limit. */
const HEALTH_MS = 30_000;

/** `test` is as in the image's config: `CMD` and words, or `CMD-SHELL` and a line. */
export async function checkHealth(
  container: Container,
  target: Target,
  test: string[],
): Promise<Check[]> {
  const command = commandOf(test);
  let missing = false;
  const check = (name: string, work: typeof runAlone) =>
    runCheck(name, HEALTH_MS, target.signal, (signal) => {
      if (command === undefined) {
        throw new CannotCheck("the image has no HEALTHCHECK");
      }
      return work({ ...target, signal }, command);
    });
  return [
    await check(
      "HEALTHCHECK: well while it serves",
      async ({ signal }, command) => {
        const { code, output } = await container.exec(command, { signal });
        if (code === 0) return [];
        const program = missingProgram(output);
        if (program !== undefined) {
          missing = true;
          return [
            `${program} is not in the image: correct HEALTHCHECK in the Dockerfile`,
          ];
        }
        const { healthPath } = target.contract;
        const asked = pathIn(output) ?? pathIn(command.join(" "));
        return [
          `exit code ${code}: ${output.trim()}`,
          ...asked === undefined || asked === healthPath ? [] : [
            `it asks ${asked}, healthPath in contract.json is ${healthPath}: correct the one that is wrong`,
          ],
        ];
      },
    ),
    await check("HEALTHCHECK: ill while nothing serves", (target, command) => {
      if (missing) throw new CannotCheck("its program is not in the image");
      return runAlone(target, command);
    }),
  ];
}

/** The path in a request or an address, as health checks write them. */
function pathIn(text: string): string | undefined {
  return /\b(?:GET (?=\/)|https?:\/\/[^\s/'"]+(?=\/))([^\s'"?#]+)/.exec(text)
    ?.[1];
}

/** In a container of its own, in which it takes the service's place. */
async function runAlone(
  { engine, image, port, contract, signal }: Target,
  command: string[],
): Promise<string[]> {
  await using container = await engine.run({
    image,
    port,
    entrypoint: command,
    ...surroundings(contract),
    signal,
  });
  const code = await orAbort(container.exited, signal);
  return code === 0 ? ["exit code 0, though nothing serves"] : [];
}

function commandOf([form, ...words]: string[]): string[] | undefined {
  if (words.length === 0) return undefined;
  if (form === "CMD") return words;
  return form === "CMD-SHELL" ? ["/bin/sh", "-c", ...words] : undefined;
}

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
