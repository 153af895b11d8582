/**
 * The order of the steps from a build context to reports. A variant that fails keeps
 * the others' results; the exit code tells.
 *
 * @module
 */
import type { Bases } from "../bases/choose_bases.ts";
import { explainGrowth, holdBudget } from "../budget/hold_budget.ts";
import { nextDeploys, reproduce } from "./build_again.ts";
import { prepareBases, preparePackages, readGiven } from "./prepare.ts";
import { runVariants } from "./run_variants.ts";
import {
  type BuildConfig,
  buildVariants,
  note,
  type RunContext,
  type VariantRun,
} from "./build_variants.ts";
import { type Contract, defaultContract } from "../check/contract_schema.ts";
import { surroundings } from "../check/run_service.ts";
import { needsBuildKit } from "../dockerfile/parse_dockerfile.ts";
import { prepareEngine } from "../engine/find_engine.ts";
import { EXIT } from "../lib/errors.ts";
import { pageAddress } from "../lib/own_file.ts";
import type { Io } from "../lib/progress.ts";
import {
  isSecretVariable,
  maskValues,
  secretValues,
} from "../lib/secret_text.ts";
import { markdown } from "../report/markdown.ts";
import { holds } from "../report/problems.ts";
import type { Report, Variant } from "../report/report_schema.ts";
import {
  cannotWrite,
  json,
  junit,
  printReport,
  writeFile,
  writeReports,
} from "../report/write_reports.ts";

/** What a quick run leaves out. */
const QUICK =
  "quick: only the contract and the answers; whether it goes on running, restrictions, stop, start, memory and next deploy were left out";

/** What a service without a contract is told. */
const NONE = `no contract.json: GET / was asked, and any status is right; see ${
  pageAddress("your-service.md")
}`;

/** @returns The exit code. */
export async function build(config: BuildConfig, io: Io): Promise<number> {
  const { runs, baseline, contract, budget, earlier } = await readGiven(config);
  const planned = runs.filter(({ skip }) => skip === undefined);
  const files = [...new Set(runs.map(({ file }) => file))];

  const needs = planned.map(({ file }) => needsBuildKit(file)).find((
    instruction,
  ) => instruction !== undefined);
  const engine = await prepareEngine(config, io, { sweeps: true, needs });
  const architectures = new Set(planned.map((run) => run.architecture));
  const bases = await prepareBases(config, files, architectures, engine, io);
  const [[, first]] = bases;
  await preparePackages(config.context, files, io);
  await using cleanup = new AsyncDisposableStack();
  const context: RunContext = {
    config,
    engine,
    bases,
    io,
    cleanup,
    given: config.tag === undefined
      ? undefined
      : { name: config.tag, several: planned.length > 1 },
    cannotDate: config.reproducible
      ? await engine.cannotDate?.(first.source === "packages")
      : undefined,
  };

  const built = await buildVariants(runs, context);
  if (contract === undefined) built.forEach((run) => note(run, NONE));
  await runVariants(built, contract ?? defaultContract(), baseline, context);
  const starts = built.filter(({ variant }) =>
    variant.contract?.some(({ status }) => status !== "fail")
  );
  if (config.quick) built.forEach((run) => note(run, QUICK));
  else await nextDeploys(starts, context);
  if (config.reproducible) await reproduce(built, context);

  const variables = [
    ...Object.entries(contract?.env ?? {}).map((pair) => pair.join("=")),
    ...built.flatMap(({ image }) => image.config.env),
  ];
  const report: Report = maskValues({
    schemaVersion: 1,
    createdAt: new Date().toISOString(),
    engine: { name: engine.name, version: engine.version },
    ...basesOf(first),
    baseline,
    ...(contract?.env ?? contract?.writable) &&
      { surroundings: shownSurroundings(contract!) },
    variants: built.map(({ architecture, variant }) => ({
      ...variant,
      ...otherBases(bases.get(architecture) ?? first, first),
    })),
    ...notBuilt(runs),
    budgets: [],
  }, secretValues(variables));
  report.budgets = holdBudget(report, budget, earlier);
  if (earlier !== undefined) report.growth = explainGrowth(report, earlier);
  await publish(report, config, io);
  return holds(report) ? EXIT.ok : EXIT.checkFailed;
}

/** Without the values of secrets, as a report may be shown to anyone. */
function shownSurroundings(contract: Contract) {
  const { env, ...others } = surroundings(contract);
  const shown = Object.entries(env ?? {}).map(([name, value]) =>
    isSecretVariable(`${name}=${value}`) ? [name, "…"] : [name, value]
  );
  return { ...others, ...env && { env: Object.fromEntries(shown) } };
}

function notBuilt(runs: VariantRun[]): Pick<Report, "failures" | "skipped"> {
  const skipped = runs.flatMap(({ name, file: { dockerfile }, skip }) =>
    skip === undefined ? [] : [{ name, dockerfile, reason: skip }]
  );
  const failures = runs.flatMap(({ name, file: { dockerfile }, failure }) => {
    if (failure === undefined) return [];
    const { message, output, next } = failure;
    return [{ name, dockerfile, message, output, next }];
  });
  return { failures, ...skipped.length > 0 && { skipped } };
}

/** The bases, unless the Dockerfiles leave none open. */
function basesOf(
  { source, builder, runtime, system, deno }: Bases,
): Pick<Report, "bases"> {
  if (builder === "" && runtime === "") return {};
  return { bases: { source, builder, runtime, system, deno } };
}

/** The bases of a variant, where they are not the report's. */
function otherBases(
  { builder, runtime }: Bases,
  first: Bases,
): Pick<Variant, "bases"> {
  return builder === first.builder && runtime === first.runtime
    ? {}
    : { bases: { builder, runtime } };
}

async function publish(
  report: Report,
  config: BuildConfig,
  io: Io,
): Promise<void> {
  await writeReports(report, config.out);
  if (config.writeBaseline !== undefined) {
    await writeFile(config.writeBaseline, json(report));
  }
  if (config.junit !== undefined) await writeFile(config.junit, junit(report));
  const summary = Deno.env.get("GITHUB_STEP_SUMMARY");
  if (summary) {
    try {
      await Deno.writeTextFile(summary, markdown(report), { append: true });
    } catch (error) {
      throw cannotWrite(summary, error);
    }
  }
  printReport(report, config, io);
}
