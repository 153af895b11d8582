/**
 * Holds the figures of a report to a budget: every rule gives a verdict, and a
 * figure that was not measured skips its rule rather than passing it.
 *
 * @module
 */
import { UserError } from "../lib/errors.ts";
import { suggest } from "../lib/suggest.ts";
import { formatLimit } from "../lib/format.ts";
import { FIGURES } from "../report/figures.ts";
import type { Report, Variant, Verdict } from "../report/report_schema.ts";
import {
  type Budget,
  bytesOf,
  FACTS,
  fractionOf,
  type GrowthRules,
  limitOf,
  millisecondsOf,
  type Rules,
} from "./budget_schema.ts";

/**
 * Makes sure that a budget speaks of variants that exist: a limit for a name
 * with a slip in it would never be held.
 *
 * @throws {UserError} With the name that was probably meant.
 */
export function checkBudget(budget: Budget, names: string[]): void {
  const unknown = Object.keys(budget.variants ?? {})
    .filter((name) => !names.includes(name));
  if (unknown.length === 0) return;
  const [first] = unknown;
  const meant = suggest(first, names);
  throw new UserError(
    `Cannot find the budget's variant${unknown.length > 1 ? "s" : ""} ${
      unknown.map((name) => `"${name}"`).join(", ")
    } among ${names.join(", ")}`,
    {
      next: meant
        ? `Did you mean "${meant}" by "${first}"?`
        : `Name a variant of the context, or remove "${first}" from budget.json`,
    },
  );
}

/** Holds every variant of a report to a budget, growth to an earlier report. */
export function holdBudget(
  report: Report,
  budget: Budget,
  baseline?: Report,
): Verdict[] {
  return report.variants.flatMap((variant) => {
    const rules: Rules = { ...budget.all, ...budget.variants?.[variant.name] };
    return [
      ...holdLimits(variant, rules),
      ...holdFacts(variant, rules),
      ...holdGrowth(variant, rules.growth, baseline),
    ];
  });
}

function holdLimits(variant: Variant, rules: Rules): Verdict[] {
  return FIGURES.flatMap((figure): Verdict[] => {
    const { id: rule, unit, value } = figure;
    const limit = figure.limit && limitOf(rules, figure);
    if (!unit || typeof limit !== "number") return [];
    const asked = { variant: variant.name, rule, unit, limit };
    const actual = value?.(variant);
    return actual === undefined
      ? [{ ...asked, status: "skip", detail: "not measured in this run" }]
      : [{ ...asked, status: actual <= limit ? "pass" : "fail", actual }];
  });
}

function holdFacts(variant: Variant, rules: Rules): Verdict[] {
  const asked = Object.entries(FACTS).filter(([rule]) => rules[rule]);
  return asked.map(([rule, { against }]): Verdict => {
    const verdict = {
      variant: variant.name,
      rule,
      unit: "fact",
      limit: true,
    } as const;
    const found = against(variant);
    if (found === undefined) {
      return {
        ...verdict,
        status: "skip",
        detail: "not looked at in this run",
      };
    }
    if (found.length === 0) return { ...verdict, status: "pass", actual: true };
    const detail = found.slice(0, 5).join(", ");
    return { ...verdict, status: "fail", actual: false, detail };
  });
}

/** Holds one variant's growth to its rules, which a run without baseline skips. */
function holdGrowth(
  variant: Variant,
  growth: GrowthRules | undefined,
  baseline: Report | undefined,
): Verdict[] {
  if (growth === undefined) return [];
  const before = baseline?.variants
    .find(({ name }) => name === variant.name);
  return FIGURES.flatMap(({ id, unit, value, growth: limited }): Verdict[] => {
    const share = limited && growth[id];
    if (!share || !unit) return [];
    const floor = unit === "milliseconds"
      ? millisecondsOf(growth.startFloor)
      : bytesOf(growth.floor);
    const asked = { variant: variant.name, rule: `growth.${id}`, unit };
    const skip = (detail: string): Verdict[] => [
      { ...asked, status: "skip", limit: floor, detail },
    ];
    if (baseline === undefined) {
      return skip("no report was given with --baseline");
    }
    if (before === undefined) return skip("the baseline has no such variant");
    const old = value?.(before);
    const now = value?.(variant);
    if (old === undefined || now === undefined) {
      return skip("not measured in both runs");
    }
    const actual = now - old;
    const limit = Math.max(floor, old * fractionOf(share));
    const show = (value: number) => formatLimit(value, unit);
    const detail = `${show(old)} before, ${show(now)} now, ${share} allowed`;
    return [{
      ...asked,
      status: actual <= limit ? "pass" : "fail",
      actual,
      limit,
      detail,
    }];
  });
}
