/**
 * Makes every check of a kind that takes a running image. What a new kind needs
 * is one entry here and one in the list of kinds.
 *
 * @module
 */
import type { Permissions } from "../deno_binary/program_schema.ts";
import { cannotRun } from "../engine/emulation.ts";
import type { Surface } from "../inspect/inspect_schema.ts";
import {
  CHECK_KINDS,
  type CheckKind,
  type CheckList,
} from "../report/check_kinds.ts";
import type { Check } from "../report/report_schema.ts";
import { checkContract, nameOf } from "./check_contract.ts";
import { checkNothingOpened, checkRefused } from "./check_egress.ts";
import { checkHardening } from "./check_hardening.ts";
import { checkHealth } from "./check_health.ts";
import { checkProtocol } from "./check_protocol.ts";
import { checkStop } from "./check_stop.ts";
import { failureOf } from "./run_check.ts";
import { runService, type Service, type Target } from "./run_service.ts";

/** Name of the check that stands for all when an image does not start. */
const STARTS = "starts and answers";

/** What reading the image has shown. */
export interface ImageFacts {
  /** What Deno allows the program, as far as it can be told. */
  permissions?: Permissions;
  /** As in the image's config: `CMD` and words, or `CMD-SHELL` and a line. */
  healthcheck: string[];
}

/** The checks of an image, by list. */
export type Checks = Partial<Record<CheckList, Check[]>>;

interface Subject {
  target: Target;
  service: Service;
  facts: ImageFacts;
}

/** What is asked of one container, in this order; `quick` stops after the first. */
const WHILE_SERVING: {
  kind: CheckKind;
  run(subject: Subject): Promise<Check[]>;
}[] = [
  {
    kind: "contract",
    run: ({ service, target: { contract, signal } }) =>
      checkContract(service.url, contract, signal),
  },
  {
    kind: "protocol",
    run: ({ service, target: { contract, signal } }) =>
      checkProtocol(service.url, contract, { signal }),
  },
  {
    kind: "egress",
    run: async ({ service, target: { contract, signal }, facts }) => [
      checkRefused(facts.permissions, contract),
      await checkNothingOpened(service, contract, signal),
    ],
  },
  {
    kind: "health",
    run: ({ service, target, facts }) =>
      checkHealth(service.container, target, facts.healthcheck),
  },
];

/** What starts containers of its own. */
const OWN_STARTS: { kind: CheckKind; run(target: Target): Promise<Check[]> }[] =
  [
    { kind: "hardening", run: checkHardening },
    { kind: "stop", run: checkStop },
  ];

/**
 * Checks an image. It shares nothing with other calls: several may run at once.
 *
 * @param target The image, and how to reach it.
 * @param facts What reading it has shown.
 * @param options `quick` leaves it at the contract; `say` hears of each kind.
 * @returns The checks; an image that does not start fails its only one.
 */
export async function checkImage(
  target: Target,
  facts: ImageFacts,
  options: { quick?: boolean; say?: (line: string) => void } = {},
): Promise<Checks> {
  const checks: Checks = {};
  const add = (kind: CheckKind, made: Check[]) => {
    const { list, title } = CHECK_KINDS.find(({ id }) => id === kind)!;
    checks[list] = [
      ...checks[list] ?? [],
      ...made.map((check) => ({ ...check, kind })),
    ];
    options.say?.(`${title}: ${summary(made)}`);
  };
  try {
    await using service = await runService(target);
    for (const { kind, run } of WHILE_SERVING) {
      add(kind, await run({ target, service, facts }));
      if (options.quick) return checks;
    }
  } catch (thrown) {
    const { message, output } = failureOf(thrown, target.signal);
    const detail = [message, output].filter(Boolean).join("\n");
    return {
      contract: [{ name: STARTS, kind: "contract", status: "fail", detail }],
    };
  }
  for (const { kind, run } of OWN_STARTS) {
    add(kind, await run(withWhatHolds(target, checks.contract ?? [])));
  }
  return checks;
}

/** What fails anyway says nothing of a restriction. */
function withWhatHolds(target: Target, checks: Check[]): Target {
  const failed = checks.filter(({ status }) => status === "fail")
    .map(({ name }) => name);
  const requests = target.contract.requests
    .filter((request) => !failed.includes(nameOf(request)));
  return { ...target, contract: { ...target.contract, requests } };
}

/**
 * What is known of an image that is not run: that it can start nowhere, or that
 * it cannot be run here and so nothing of it is checked.
 *
 * @param image Its architecture, and what is in it.
 * @param why Why programs of an architecture do not run here, if they do not.
 * @returns `undefined` when it is to be run.
 */
export function checkUnrun(
  { architecture, surface: { foreign = [], missing = [] } }: {
    architecture: string;
    surface: Pick<Surface, "foreign" | "missing">;
  },
  why: (architecture: string) => string | undefined = cannotRun,
): Checks | undefined {
  const contract = (status: Check["status"], detail: string): Checks => ({
    contract: [{ name: STARTS, status, detail }],
  });
  if (foreign.length > 0) {
    return contract(
      "fail",
      `not for ${architecture}, as the image says: ${foreign.join(", ")}`,
    );
  }
  const reason = why(architecture);
  if (reason === undefined) return undefined;
  return missing.length > 0
    ? contract("fail", `needed and not there: ${missing.join(", ")}`)
    : contract("skip", reason);
}

function summary(checks: Check[]): string {
  const count = (status: Check["status"]) =>
    checks.filter((check) => check.status === status).length;
  const skipped = count("skip");
  return `${count("pass")} of ${checks.length - skipped} hold` +
    (skipped > 0 ? `, ${skipped} skipped` : "");
}
