/** Makes every check of a kind that takes a running image. @module */
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
import { checkHardening } from "./check_hardening.ts";
import { checkHealth } from "./check_health.ts";
import { checkProtocol } from "./check_protocol.ts";
import { checkStop } from "./check_stop.ts";
import { endedBy, explainError } from "./diagnose.ts";
import { addChecks, type Checks, failureOf } from "./run_check.ts";
import { sleep } from "./time_limit.ts";
import {
  runService,
  type Service,
  type Target,
  unreachable,
} from "./run_service.ts";

/** Name of the check that stands for all when an image does not start. */
const STARTS = "starts and answers";

type Say = (line: string) => void;

export interface Checked {
  /** An image that does not start fails its only check. */
  checks: Checks;
  /** For {@linkcode checkConsistency}; absent when it does not start. */
  answers?: Answer[];
}

/**
 * Makes the checks that take no time; `quick` makes only the contract's.
 *
 * @param facts What Deno allows the program, as far as it can be told, and the image's
 * health check as in its config: `CMD` and words, or `CMD-SHELL` and a line.
 */
export async function checkImage(
  target: Target,
  facts: { permissions?: Permissions; healthcheck: string[] },
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
    await addCause(made, service);
    let ended = await addEnd(made, service) || isStuck(made);
    addChecks(checks, "contract", made, say);
    if (!ended) {
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
      if (ended) break;
      const made = await make();
      ended = await addEnd(made, service);
      addChecks(checks, kind, made, say);
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
  const made = await checkStop(withoutFailed(target, checks));
  addChecks(checks, "stop", made, say);
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
async function addCause(checks: Check[], service: Service): Promise<void> {
  const broken = checks.find(({ detail }) => /got 5\d\d/.test(detail ?? ""));
  if (broken === undefined) return;
  const error = await errorOf(service);
  if (error === undefined) return;
  broken.detail = [`${broken.detail}; its log: ${error}`, explainError(error)]
    .filter(Boolean).join(". ");
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
async function addEnd(
  checks: Check[],
  { container }: Service,
): Promise<boolean> {
  const [first, ...later] = checks.filter(({ status, detail = "" }) =>
    status === "fail" && GONE.test(detail)
  );
  if (first === undefined) return false;
  const refused = /refused/i.test(first.detail ?? "");
  const when = refused ? "before this request" : "at this request";
  const end = await endedBy(container, when);
  if (end === undefined) return false;
  first.detail = `${end.message}. ${end.next}`;
  for (const check of later) {
    check.status = "skip";
    check.detail = "the container had ended by then";
  }
  return true;
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
