/**
 * Runs every image that was built: checks each, side by side as far as none
 * disturbs another, then measures those that keep the contract one by one.
 *
 * @module
 */
import { checkImage, checkUnrun } from "../check/check_image.ts";
import { type Contract, servicePort } from "../check/contract_schema.ts";
import { failureOf } from "../check/run_check.ts";
import { runService, type Target } from "../check/run_service.ts";
import { sleep } from "../check/time_limit.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { formatBytes } from "../lib/format.ts";
import { HOST } from "../lib/platform.ts";
import { measureMemory } from "../measure/measure_memory.ts";
import { measureStarts } from "../measure/measure_start.ts";
import { memoryFloor } from "../measure/memory_floor.ts";
import { addChecks, type BuiltRun, type RunContext } from "./variant_run.ts";

/** An engine tells within so many milliseconds that a container has ended. */
const ENDED_MS = 2000;
/** Variants that are checked at once; each is mostly waiting. */
const AT_ONCE = 2;

/** A variant that serves, and how to run it. */
interface Serving {
  run: BuiltRun;
  target: Target;
}

/** Checks and measures the variants. */
export async function runVariants(
  runs: BuiltRun[],
  contract: Contract,
  context: RunContext,
): Promise<void> {
  const serving: (Serving | undefined)[] = [];
  const todo = [...runs.entries()];
  const work = async () => {
    for (let next = todo.shift(); next; next = todo.shift()) {
      const [index, run] = next;
      serving[index] = await checkVariant(run, contract, context);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (context.config.quick) return;
  await measureVariants(serving.filter((each) => each !== undefined), context);
}

/** @returns What is to be measured, if it keeps its contract. */
async function checkVariant(
  run: BuiltRun,
  contract: Contract,
  { config, engine, io }: RunContext,
): Promise<Serving | undefined> {
  const { name, architecture, built, looked: { image, analysis } } = run;
  const unrun = checkUnrun({ ...image, surface: analysis.surface });
  if (unrun !== undefined) {
    addChecks(run, unrun);
    return undefined;
  }
  const native = architecture === HOST;
  const port = servicePort(contract, image.config.exposedPorts);
  const target = {
    engine,
    image: built.own,
    port,
    contract,
    signal: io.signal,
  };
  const facts = {
    permissions: analysis.permissions,
    healthcheck: image.config.healthcheck,
  };
  const quick = config.quick || !native;
  const found = await io.progress.step(
    `Check ${name}`,
    (say) => checkImage(target, facts, { quick, say }),
  );
  addChecks(run, found);
  if (!native) {
    if (!config.quick) {
      run.notes.push(
        "only the contract: under emulation, other checks and measurements would be the emulator's",
      );
    }
    return undefined;
  }
  return found.contract?.every(({ status }) => status === "pass")
    ? { run, target }
    : undefined;
}

/** Measures variants, starts alternating between them. */
async function measureVariants(
  serving: Serving[],
  { config, engine, io }: RunContext,
): Promise<void> {
  if (serving.length === 0) return;
  const { starts, failed } = await io.progress.step(
    `Time ${config.runs} starts of each`,
    (say) =>
      measureStarts(
        engine,
        serving.map(({ run: { name }, target: { image, port } }) => ({
          name,
          image,
          port,
        })),
        {
          runs: config.runs,
          contract: serving[0].target.contract,
          signal: io.signal,
          onRun: (name, run, ms) =>
            say(`${name}, run ${run}: ${Math.round(ms)} ms`),
        },
      ),
  );
  for (const each of serving) {
    const { run } = each;
    try {
      const failure = failed.get(run.name);
      if (failure) throw failure;
      const found = starts.get(run.name);
      Object.assign(run.figures, found);
      if (found?.processStartMs === undefined) {
        run.notes.push("process: the engine's clock is not this machine's");
      }
      await takeMemory(each, io);
      if (config.memoryFloor) await findFloor(each, io);
    } catch (thrown) {
      // The others' figures are kept; the check says what became of this one's.
      const { message, output } = failureOf(thrown, io.signal);
      run.figures = {};
      addChecks(run, {
        hardening: [{
          name: "serves while measured",
          kind: "measured",
          status: "fail",
          detail: [message, output].filter(Boolean).join("\n"),
        }],
      });
    }
  }
}

function takeMemory(
  { run, target }: Serving,
  io: RunContext["io"],
): Promise<void> {
  return io.progress.step(`Measure the memory of ${run.name}`, async () => {
    await using service = await runService(target);
    const { container } = service;
    run.figures.memoryBytes = await measureMemory(
      service,
      target.contract,
      io.signal,
    );
    if (run.figures.memoryBytes !== undefined) return;
    const code = await Promise.race([
      container.exited,
      sleep(ENDED_MS, io.signal),
    ]);
    if (code === undefined) {
      run.notes.push("memory: the host cannot see the service's process");
      return;
    }
    throw new UserError(
      `The container ended with exit code ${code} while it was measured`,
      {
        next: "Run the image by hand to look closer",
        exitCode: EXIT.checkFailed,
        output: await container.logs(),
      },
    );
  });
}

function findFloor(
  { run, target }: Serving,
  io: RunContext["io"],
): Promise<void> {
  return io.progress.step(
    `Find the memory floor of ${run.name}`,
    async (say) => {
      const floor = await memoryFloor(target, {
        onTry: (bytes, enough) =>
          say(
            `${formatBytes(bytes)} ${enough ? "is enough" : "is too little"}`,
          ),
      });
      if ("skipped" in floor) {
        run.notes.push(`memory floor: ${floor.skipped}`);
        return;
      }
      run.figures.memoryFloorBytes = floor.bytes;
      if (floor.note !== undefined) {
        run.notes.push(`memory floor: ${floor.note}`);
      }
    },
  );
}
