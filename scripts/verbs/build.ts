/**
 * `deno task image`: the order of the steps from a build context to reports. A
 * variant that fails keeps the others' results; the exit code tells.
 *
 * @module
 */
import { join } from "node:path";
import type { Bases } from "../bases/choose_bases.ts";
import type { BuildConfig } from "../config.ts";
import { RuntimeMissing } from "../engine/runtime_missing.ts";
import { budgetSchema } from "../budget/budget_schema.ts";
import { explainGrowth } from "../budget/explain_growth.ts";
import { checkBudget, holdBudget } from "../budget/hold_budget.ts";
import { EXIT, isOfEnvironment, UserError } from "../errors.ts";
import { findVariants, variantNames } from "../find_variants.ts";
import type { Io } from "../io.ts";
import { contractSchema } from "../measure/contract_schema.ts";
import { defaultContract } from "../measure/default_contract.ts";
import type { Target } from "../measure/run_service.ts";
import { servicePort } from "../measure/service_port.ts";
import { parseJson } from "../parse_json.ts";
import { json, parseReport } from "../report/json.ts";
import { junit } from "../report/junit.ts";
import { markdown } from "../report/markdown.ts";
import { terminal } from "../report/terminal.ts";
import {
  cannotWrite,
  checkWritable,
  writeFile,
  writeReports,
} from "../report/write_reports.ts";
import { HOST } from "../platform.ts";
import type { Check, Report, Variant } from "../schema.ts";
import { prepareBases } from "./prepare_bases.ts";
import {
  type BuildContext,
  buildVariant,
  type Built,
} from "./build_variant.ts";
import { engineSource, look, type Looked } from "./look.ts";
import { type Measured, measureVariants } from "./measure_variants.ts";
import {
  type NextDeploy,
  nextDeploys,
  withNextDeploy,
} from "./next_deploys.ts";
import { type Plan, planVariants } from "./plan_variants.ts";
import { prepareEngine } from "./prepare_engine.ts";
import { proveUnrun } from "./prove_unrun.ts";
import { type Proofs, proveVariant } from "./prove_variant.ts";
import { layerSizes, tellCacheFailure, withPull } from "./pull_sizes.ts";
import { reproduce } from "./reproduce.ts";

const EMULATED =
  "under emulation, other proofs and measurements would be the emulator's";

/**
 * Builds, proves and compares every variant of a context.
 *
 * @returns The exit code: 1 when a build, the contract, a proof or a budget failed.
 */
export async function build(config: BuildConfig, io: Io): Promise<number> {
  // All that is given is read first: a slip must not cost a build.
  const files = await findVariants(config.context, config.files);
  const plans = planVariants(files, config);
  const planned = plans.filter(({ skip }) => skip === undefined);
  const names = planned.map(({ name }) => name);
  if (names.length === 0) throw nothingToBuild(plans);
  const baseline = chooseBaseline(names, config.against);
  const contract = await readOptional(config, "contract", contractSchema) ??
    defaultContract();
  const budget = await readOptional(config, "budget", budgetSchema) ?? {};
  checkBudget(budget, [
    ...plans.map(({ name }) => name),
    ...await variantNames(config.context),
  ]);
  const earlier = config.baseline === undefined
    ? undefined
    : parseReport(await read(config.baseline), config.baseline);
  for (
    const file of [
      join(config.out, "report.json"),
      config.writeBaseline,
      config.junit,
    ]
  ) if (file !== undefined) await checkWritable(file);

  const engine = await prepareEngine(config, io, { sweeps: true });
  const architectures = new Set(planned.map((plan) => plan.architecture));
  const bases = await prepareBases(config, files, architectures, engine, io);
  const [[, first]] = bases;
  await using cleanup = new AsyncDisposableStack();
  const context = { config, engine, bases, io, cleanup };
  const looked: (Built & Looked)[] = [];
  const failures: Report["failures"] = [];
  const skipped: NonNullable<Report["skipped"]> = [];
  const errors: UserError[] = [];
  for (const plan of plans) {
    const { name, file: { dockerfile } } = plan;
    if (plan.skip !== undefined) {
      skipped.push({ name, dockerfile, reason: plan.skip });
      continue;
    }
    const built = await buildVariant(plan, context);
    if (built instanceof RuntimeMissing && plan.varied) {
      skipped.push({ name, dockerfile, reason: built.reason });
    } else if (built instanceof UserError) {
      errors.push(built);
      failures.push({
        name,
        dockerfile,
        message: built.message,
        output: built.output,
      });
    } else looked.push({ ...built, ...await lookInside(built, context) });
  }
  // A report of nothing but a full disk or a silent registry helps nobody.
  if (
    errors.length > 0 && errors.every(isOfEnvironment) && looked.length === 0
  ) throw errors[0];
  const sizes = await io.progress.step(
    "Compress the layers",
    () => layerSizes(looked, { zstd: config.zstd, io }),
  );

  const targets = new Map<string, Target>();
  const proofs = new Map<string, Proofs>();
  const emulated = new Map<string, Measured>();
  for (const { name, own, image, analysis, architecture } of looked) {
    const unrun = proveUnrun({ ...image, surface: analysis.surface });
    if (unrun !== undefined) {
      proofs.set(name, unrun);
      continue;
    }
    const native = architecture === HOST;
    const port = servicePort(contract, image.config.exposedPorts);
    const target = { engine, image: own, port, contract, signal: io.signal };
    const proof = await proveVariant(name, target, {
      permissions: analysis.permissions,
      quick: config.quick || !native,
      healthcheck: image.config.healthcheck,
      io,
    });
    proofs.set(name, proof);
    if (!native && !config.quick) {
      emulated.set(name, { notes: [`only the contract: ${EMULATED}`] });
    } else if (proof.contract?.every((check) => check.status === "pass")) {
      targets.set(name, target);
    }
  }
  const measured = config.quick ? emulated : new Map([
    ...emulated,
    ...await measureVariants(targets, {
      runs: config.runs,
      floor: config.memoryFloor,
      io,
    }),
  ]);
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
    bases: {
      source: first.source,
      builder: first.builder,
      runtime: first.runtime,
      system: first.system,
      deno: first.deno,
    },
    baseline,
    variants: looked.map((variant) => ({
      name: variant.name,
      dockerfile: variant.file.dockerfile,
      ...variant.analysis,
      ...otherBases(bases.get(variant.architecture), first),
      build: { seconds: variant.seconds },
      ...proofs.get(variant.name),
      reproducible: reproducible.get(variant.name),
      ...withNextDeploy(
        {
          ...withPull(variant.analysis.layers, sizes),
          ...measured.get(variant.name),
        },
        deploys.get(variant.name),
      ),
      ...hardening(proofs.get(variant.name), measured.get(variant.name)),
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

/** What was proven, and what came up while it was measured. */
function hardening(
  ...found: (Proofs | Measured | undefined)[]
): Pick<Proofs, "hardening"> {
  const checks = found.flatMap((each) => each?.hardening ?? []);
  return checks.length > 0 ? { hardening: checks } : {};
}

function lookInside(
  built: Built,
  { engine, io }: BuildContext,
): Promise<Looked> {
  return io.progress.step(
    `Look inside ${built.name}`,
    () => look(engineSource(engine, built.tag, { name: built.own }), io),
  );
}

function nothingToBuild(plans: Plan[]): UserError {
  return new UserError(
    `Cannot build any variant: ${
      plans.map(({ name, skip }) => `${name}: ${skip}`).join("; ")
    }`,
    { next: "Choose other Dockerfiles with --file, or another --platform" },
  );
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

/** Whether nothing in the report failed. */
function holds(report: Report): boolean {
  const checks = report.variants.flatMap((v) => [
    ...v.contract ?? [],
    ...v.hardening ?? [],
    ...v.reproducible ?? [],
  ]);
  return report.failures.length === 0 &&
    [...checks, ...report.budgets].every((check) => check.status !== "fail");
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
    await Deno.writeTextFile(summary, markdown(report), { append: true })
      .catch((error) => {
        throw cannotWrite(summary, error);
      });
  }
  if (config.json) {
    io.print(json(report));
    return;
  }
  io.print(terminal(report, { columns: io.columns, color: io.color }));
  io.note(
    `Reports: ${
      join(config.out, "index.html")
    }, report.md and report.json beside it`,
  );
}

function chooseBaseline(names: string[], wanted: string | undefined): string {
  if (wanted === undefined) {
    return names.includes("single-stage") ? "single-stage" : names[0];
  }
  if (names.includes(wanted)) return wanted;
  throw new UserError(
    `Cannot compare with "${wanted}": there is no such variant`,
    {
      next: `Choose one of ${names.join(", ")} with --against`,
    },
  );
}

/** The file that was named, or the context's own if it has one. */
async function readOptional<T extends Parameters<typeof parseJson>[2]>(
  config: BuildConfig,
  what: "contract" | "budget",
  schema: T,
) {
  const file = config[what] ?? join(config.context, `${what}.json`);
  if (config[what] === undefined && !await exists(file)) return undefined;
  return parseJson(await read(file), file, schema);
}

async function exists(file: string): Promise<boolean> {
  return await Deno.stat(file).then(() => true, () => false);
}

async function read(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (cause) {
    throw new UserError(`Cannot read "${file}"`, {
      next: "Check the path",
      cause,
    });
  }
}
