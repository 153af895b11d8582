/**
 * `deno task image`: the order of the steps from a build context to reports. A
 * variant that fails keeps the others' results; the exit code tells.
 *
 * @module
 */
import type { Bases } from "../bases/choose_bases.ts";
import { explainGrowth } from "../budget/explain_growth.ts";
import { holdBudget } from "../budget/hold_budget.ts";
import type { BuildConfig } from "./config.ts";
import { EXIT } from "../lib/errors.ts";
import type { Io } from "../lib/io.ts";
import { CHECK_LISTS } from "../report/check_kinds.ts";
import type { Check, Report, Variant } from "../report/report_schema.ts";
import { holds } from "../report/problems.ts";
import { buildImages } from "./build_images.ts";
import type { Checks } from "../check/check_image.ts";
import {
  type NextDeploy,
  nextDeploys,
  withNextDeploy,
} from "./next_deploys.ts";
import { prepareBases } from "./prepare_bases.ts";
import { preparePackages } from "./prepare_packages.ts";
import { prepareEngine } from "../engine/prepare_engine.ts";
import { publish } from "./publish.ts";
import { layerSizes, tellCacheFailure, withPull } from "./pull_sizes.ts";
import { readGiven } from "./read_given.ts";
import { reproduce } from "./reproduce.ts";
import { runImages } from "./run_images.ts";

/**
 * Builds, checks and compares every variant of a context.
 *
 * @returns The exit code: 1 when a build, a check or a budget failed.
 */
export async function build(config: BuildConfig, io: Io): Promise<number> {
  const { plans, baseline, contract, budget, earlier } = await readGiven(
    config,
  );
  const planned = plans.filter(({ skip }) => skip === undefined);
  const files = [...new Set(plans.map(({ file }) => file))];

  const engine = await prepareEngine(config, io, { sweeps: true });
  const architectures = new Set(planned.map((plan) => plan.architecture));
  const bases = await prepareBases(config, files, architectures, engine, io);
  const [[, first]] = bases;
  await preparePackages(config.context, files, io);
  await using cleanup = new AsyncDisposableStack();
  const cannotDate = config.reproducible
    ? await engine.cannotDate?.(first.source === "packages")
    : undefined;
  const given = config.tag === undefined
    ? undefined
    : { name: config.tag, several: planned.length > 1 };
  const context = { config, engine, bases, given, cannotDate, io, cleanup };
  const { looked, failures, skipped } = await buildImages(plans, context);
  const sizes = await io.progress.step(
    "Compress the layers",
    () => layerSizes(looked, { zstd: config.zstd, io }),
  );

  const { checks, measured } = await runImages(looked, contract, context);
  const deploys = config.quick
    ? new Map<string, NextDeploy | { note: string }>()
    : await nextDeploys(looked, context);

  const reproducible = config.reproducible
    ? await reproduce(looked, context)
    : new Map<string, Check[]>();

  const report: Report = {
    schemaVersion: 1,
    createdAt: new Date().toISOString(),
    engine: { name: engine.name, version: engine.version },
    ...basesOf(first),
    baseline,
    variants: looked.map((variant) => ({
      name: variant.name,
      dockerfile: variant.file.dockerfile,
      ...variant.analysis,
      ...otherBases(bases.get(variant.architecture), first),
      build: { seconds: variant.seconds },
      ...withNextDeploy(
        {
          ...withPull(variant.analysis.layers, sizes),
          ...measured.get(variant.name),
        },
        deploys.get(variant.name),
      ),
      ...allOf(
        checks.get(variant.name),
        { reproducible: reproducible.get(variant.name) },
        { hardening: measured.get(variant.name)?.hardening },
      ),
    })),
    failures,
    ...(skipped.length > 0 ? { skipped } : {}),
    budgets: [],
  };
  report.budgets = holdBudget(report, budget, earlier);
  if (earlier !== undefined) report.growth = explainGrowth(report, earlier);
  tellCacheFailure(io);
  await publish(report, config, io);
  return holds(report) ? EXIT.ok : EXIT.checkFailed;
}

/** The checks of several steps, each list together. */
function allOf(...found: (Checks | undefined)[]): Checks {
  const all: Checks = {};
  for (const list of CHECK_LISTS) {
    const checks = found.flatMap((each) => each?.[list] ?? []);
    if (checks.length > 0) all[list] = checks;
  }
  return all;
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
  bases: Bases | undefined,
  { builder, runtime }: Bases,
): Pick<Variant, "bases"> {
  return bases === undefined ||
      bases.builder === builder && bases.runtime === runtime
    ? {}
    : { bases: { builder: bases.builder, runtime: bases.runtime } };
}
