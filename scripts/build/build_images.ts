/**
 * Builds every variant that is planned, and looks inside each. One that fails
 * keeps the others' results.
 *
 * @module
 */
import { RuntimeMissing } from "../engine/runtime_missing.ts";
import { isOfEnvironment, UserError } from "../lib/errors.ts";
import type { Report } from "../report/report_schema.ts";
import {
  type BuildContext,
  buildVariant,
  type Built,
} from "./build_variant.ts";
import { engineSource, look, type Looked } from "./look.ts";
import { lacksBuilder, nothingToBuild, type Plan } from "./plan_variants.ts";

/** What came of the plans. */
export interface Images {
  looked: (Built & Looked)[];
  failures: Report["failures"];
  skipped: NonNullable<Report["skipped"]>;
}

/**
 * Builds and inspects the variants.
 *
 * @throws {UserError} When all fail for what the environment lacks, or are
 * skipped: a report of nothing but a full disk or a silent registry helps nobody.
 */
export async function buildImages(
  plans: Plan[],
  context: BuildContext,
): Promise<Images> {
  const looked: (Built & Looked)[] = [];
  const failures: Report["failures"] = [];
  const skipped: NonNullable<Report["skipped"]> = [];
  const errors: UserError[] = [];
  for (const plan of plans) {
    const { name, file: { dockerfile } } = plan;
    const reason = plan.skip ?? whyNot(plan, context);
    if (reason !== undefined) {
      skipped.push({ name, dockerfile, reason });
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
  if (
    errors.length > 0 && errors.every(isOfEnvironment) && looked.length === 0
  ) throw errors[0];
  if (errors.length === 0 && looked.length === 0) throw nothingToBuild(skipped);
  return { looked, failures, skipped };
}

/** Why the bases of this run keep a variant from being built, if they do. */
function whyNot(
  plan: Plan,
  { bases, config }: BuildContext,
): string | undefined {
  const assembled = bases.get(plan.architecture)?.source === "packages" &&
    !config.buildArg.some(([name]) => name === "BUILDER_IMAGE");
  return assembled ? lacksBuilder(plan) : undefined;
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
