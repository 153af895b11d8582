/**
 * Everything that a build is given, read before anything is built: a slip must
 * not cost a build.
 *
 * @module
 */
import { join } from "node:path";
import { type Budget, budgetSchema } from "../budget/budget_schema.ts";
import { checkBudget } from "../budget/hold_budget.ts";
import type { BuildConfig } from "./config.ts";
import { UserError } from "../lib/errors.ts";
import { findVariants, variantNames } from "../dockerfile/find_variants.ts";
import { type Contract, contractSchema } from "../check/contract_schema.ts";
import { schemaAddress } from "../lib/own_file.ts";
import { parseJson, readText } from "../lib/parse_json.ts";
import { checkWritable, parseReport } from "../report/write_reports.ts";
import type { Report } from "../report/report_schema.ts";
import type { VariantRun } from "./variant_run.ts";
import { nothingToBuild, planVariants } from "./plan_variants.ts";

/** What a build is given. */
interface Given {
  runs: VariantRun[];
  /** Name of the variant that the others are compared with. */
  baseline: string;
  /** Absent: the service states none. */
  contract?: Contract;
  budget: Budget;
  /** The report that growth is held against. */
  earlier?: Report;
}

/**
 * Reads the context, the contract, the budget and an earlier report, and checks
 * that reports can be written.
 *
 * @throws {UserError} For whatever cannot be used.
 */
export async function readGiven(config: BuildConfig): Promise<Given> {
  const files = await findVariants(config.context, config.file);
  const runs = planVariants(files, config);
  const names = runs.filter(({ skip }) => skip === undefined)
    .map(({ name }) => name);
  if (names.length === 0) {
    throw nothingToBuild(runs);
  }
  const baseline = chooseBaseline(names, config.against);
  const contract = await readOptional(config, "contract", contractSchema);
  const budget = await readOptional(config, "budget", budgetSchema) ?? {};
  checkBudget(budget, [
    ...new Set([
      ...runs.map(({ name }) => name),
      ...await variantNames(config.context),
    ]),
  ]);
  const earlier = config.baseline === undefined
    ? undefined
    : parseReport(await readText(config.baseline), config.baseline);
  const written = [
    join(config.out, "report.json"),
    config.writeBaseline,
    config.junit,
  ];
  for (const file of written) {
    if (file !== undefined) await checkWritable(file);
  }
  return { runs, baseline, ...contract && { contract }, budget, earlier };
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
  if (config[what] === undefined && !await isThere(file)) return undefined;
  return parseJson(await readText(file), file, schema, {
    next: `Fix the file; "$schema": "${
      schemaAddress(what)
    }" in it lets an editor check it while you type`,
  });
}

/** Whether something has that name, were it a link to nothing. */
async function isThere(file: string): Promise<boolean> {
  return await Deno.lstat(file).then(() => true, () => false);
}
