/**
 * Runs every image that was built: checks each, side by side as far as none
 * disturbs another, then measures those that keep the contract one by one.
 *
 * @module
 */
import {
  type Answer,
  checkConsistency,
  checkServerErrors,
  noteUnsent,
  staticPaths,
  takeAnswers,
} from "../check/check_consistency.ts";
import {
  checkImage,
  checkTimed,
  checkUnrun,
  detailOf,
} from "../check/check_image.ts";
import { type Contract, servicePort } from "../check/contract_schema.ts";
import { addChecks, failureOf } from "../check/run_check.ts";
import { runService, type Target } from "../check/run_service.ts";
import { UserError } from "../lib/errors.ts";
import { formatBytes } from "../lib/format.ts";
import { HOST } from "../lib/platform.ts";
import type { Io } from "../lib/progress.ts";
import { measureServices, memoryFloor } from "../measure/measure_services.ts";
import { type BuiltRun, note, type RunContext } from "./build_variants.ts";

/** Variants that are checked at once; more only compete for the engine. */
const AT_ONCE = 2;

/** A variant whose image can be run. */
interface RunnableRun extends BuiltRun {
  target: Target;
  /** Absent: it did not start. */
  answers?: Answer[];
}

/** @param baseline The variant whose answers the others are compared with. */
export async function runVariants(
  runs: BuiltRun[],
  contract: Contract,
  baseline: string,
  context: RunContext,
): Promise<void> {
  const { config, io } = context;
  const paths = await staticPaths(config.context);
  const runnable = runs.flatMap((run) =>
    makeRunnable(run, contract, paths, context)
  );
  await sideBySide(
    AT_ONCE,
    runnable.map((run) => () => checkVariant(run, context)),
  );
  const native = runnable.filter(({ architecture }) => architecture === HOST);
  const keep = native.filter(({ variant }) =>
    variant.contract?.every(({ status }) => status === "pass")
  );
  if (!config.quick) {
    const hardened = native
      .filter(({ variant }) => variant.hardening !== undefined);
    await sideBySide(
      AT_ONCE,
      hardened.map(({ name, target, variant }) => () =>
        io.progress.step(
          `Check the stop of ${name}`,
          (say) => checkTimed(target, variant, say),
        )
      ),
    );
  }
  // One that breaks its contract says nothing of the others.
  const names = keep.map(({ name }) => name);
  const right = names.includes(baseline) ? baseline : names[0] ?? baseline;
  await compareAnswers(runnable, contract, right, paths);
  if (!config.quick) await measureVariants(keep, context);
}

/** @returns None where its check tells that it cannot be run. */
function makeRunnable(
  run: BuiltRun,
  contract: Contract,
  paths: string[],
  { engine, io: { signal } }: RunContext,
): RunnableRun[] {
  const { own, image, variant } = run;
  const unrun = checkUnrun({ ...image, surface: variant.surface });
  if (unrun !== undefined) {
    addChecks(variant, "contract", [unrun]);
    return [];
  }
  const port = servicePort(contract, image.config.exposedPorts);
  const target = { engine, image: own, port, contract, paths, signal };
  return [Object.assign(run, { target })];
}

async function checkVariant(
  run: RunnableRun,
  { config, io }: RunContext,
): Promise<void> {
  const { name, architecture, image, target, variant } = run;
  const native = architecture === HOST;
  const facts = {
    permissions: variant.permissions,
    healthcheck: image.config.healthcheck,
  };
  const quick = config.quick || !native;
  const { checks, answers } = await io.progress.step(
    `Check ${name}`,
    (say) => checkImage(target, facts, { quick, say }),
  );
  Object.assign(variant, checks);
  run.answers = answers;
  if (!native && !config.quick) {
    note(
      run,
      "only the contract: under emulation, other checks and measurements would be the emulator's",
    );
  }
}

async function compareAnswers(
  runs: RunnableRun[],
  contract: Contract,
  baseline: string,
  paths: string[],
): Promise<void> {
  const all = new Map<string, Answer[]>();
  for (const { name, answers } of runs) {
    if (answers !== undefined) all.set(name, answers);
  }
  const again = async (name: string) => {
    const { target } = runs.find((run) => run.name === name)!;
    await using service = await runService(target);
    return await takeAnswers(service.url, target.contract, target);
  };
  const checks = await checkConsistency(all, baseline, again);
  const error = checkServerErrors(all, contract);
  for (const { name, variant } of runs) {
    const made = [checks.get(name), error]
      .filter((check) => check !== undefined);
    if (made.length > 0) addChecks(variant, "consistency", made);
  }
  const unsent = noteUnsent(paths, all);
  if (unsent !== undefined) runs.forEach((run) => note(run, unsent));
}

async function measureVariants(
  variants: RunnableRun[],
  { config, io }: RunContext,
): Promise<void> {
  if (variants.length === 0) return;
  const { runs } = config;
  const targets = new Map(variants.map(({ name, target }) => [name, target]));
  const measured = await io.progress.step(
    `Measure ${runs} starts of each, and memory`,
    (say) => {
      const onRun = (name: string, run: number, ms: number) =>
        say(`${name}, run ${run}: ${Math.round(ms)} ms`);
      return measureServices(targets, { runs, onRun });
    },
  );
  for (const run of variants) {
    try {
      const found = measured.get(run.name)!;
      if (found instanceof UserError) throw found;
      if (found.processStartMs === undefined) {
        note(run, "process: the engine's clock is not this machine's");
      }
      note(run, ...memoryNotes(found.memoryBytes, run.target.contract));
      if (config.memoryFloor) await findFloor(run, io);
      Object.assign(run.variant, found);
    } catch (thrown) {
      // The others' figures are kept; the check says what became of this one's.
      const detail = detailOf(failureOf(thrown, io.signal));
      const name = "serves while measured";
      addChecks(run.variant, "measured", [{ name, status: "fail", detail }]);
    }
  }
}

/** Growth under load that a heap which is not collected yet does not explain. */
const GROWN_BYTES = 64e6;

/** What stands out in the memory of a service that keeps more with each request. */
export function memoryNotes(
  memory: { idle: number; loaded: number } | undefined,
  { burst: { requests } }: Pick<Contract, "burst">,
): string[] {
  if (memory === undefined) {
    return ["memory: the host cannot see the service's process"];
  }
  const { idle, loaded } = memory;
  if (loaded - idle < Math.max(idle, GROWN_BYTES)) return [];
  const [before, after] = [formatBytes(idle), formatBytes(loaded)];
  return [
    `memory: ${before} when idle, ${after} after a burst of ${requests} requests: it seems to keep something of each`,
  ];
}

async function findFloor(run: RunnableRun, io: Io): Promise<void> {
  const floor = await io.progress.step(
    `Find the memory floor of ${run.name}`,
    (say) => {
      const onTry = (bytes: number, enough: boolean) =>
        say(`${formatBytes(bytes)} ${enough ? "is enough" : "is too little"}`);
      return memoryFloor(run.target, onTry);
    },
  );
  if (floor.note !== undefined) note(run, `memory floor: ${floor.note}`);
  run.variant.memoryFloorBytes = floor.bytes;
}

/**
 * Does work in order, so many pieces at once.
 *
 * @throws What the first to fail has thrown, once all that had begun have ended.
 */
export async function sideBySide(
  atOnce: number,
  works: (() => Promise<void>)[],
): Promise<void> {
  const left = works.values();
  const errors: unknown[] = [];
  const worker = async () => {
    for (const work of left) {
      await work().catch((error) => errors.push(error));
      if (errors.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (errors.length > 0) throw errors[0];
}
