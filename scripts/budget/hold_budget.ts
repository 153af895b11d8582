/**
 * Holds the figures of a report to a budget, and says what grew since an earlier
 * one. Every rule gives a verdict, and a figure that was not measured skips its rule
 * rather than passing it.
 *
 * @module
 */
import { changedValues } from "../inspect/diff_images.ts";
import type { TreeNode } from "../inspect/inspect_schema.ts";
import { UserError } from "../lib/errors.ts";
import { suggest } from "../lib/suggest.ts";
import { formatLimit } from "../lib/format.ts";
import { FIGURES, valueOf } from "../report/figures.ts";
import type {
  Growth,
  Report,
  Variant,
  Verdict,
} from "../report/report_schema.ts";
import { programParts } from "../report/filled_tree.ts";
import {
  type Budget,
  FACTS,
  type GrowthRules,
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
  return FIGURES.flatMap(({ id: rule, unit, value }): Verdict[] => {
    const limit = rules[rule];
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
    const { name } = variant;
    const verdict = { variant: name, rule, unit: "fact", limit: true } as const;
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
  const before = baseline?.variants.find(({ name }) => name === variant.name);
  return FIGURES.flatMap(({ id, unit, value, growth: limited }): Verdict[] => {
    // A figure may be called as the floor of all growth is.
    const share = limited === undefined ? undefined : growth[id];
    if (share === undefined || !unit) return [];
    const floor = unit === "milliseconds" ? growth.startFloor : growth.floor;
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
    const limit = Math.max(floor, old * (share / 100));
    const show = (value: number) => formatLimit(value, unit);
    const detail = `${show(old)} before, ${show(now)} now, ${share} % allowed`;
    const status = actual <= limit ? "pass" : "fail";
    return [{ ...asked, status, actual, limit, detail }];
  });
}

type Change = Growth["size"];

/** How many changes of each kind are worth telling. */
const MOST = 10;

/** Compares every variant with the one of the same name in an earlier report. */
export function explainGrowth(report: Report, baseline: Report): Growth[] {
  return report.variants.flatMap((variant) => {
    const earlier = baseline.variants.find(({ name }) => name === variant.name);
    return earlier === undefined ? [] : [explain(variant, earlier)];
  });
}

function explain(now: Variant, before: Variant): Growth {
  const pulls = [valueOf("pull", before), valueOf("pull", now)];
  return {
    variant: now.name,
    size: { name: "size", before: before.sizeBytes, after: now.sizeBytes },
    ...(pulls.includes(undefined)
      ? {}
      : { pull: { name: "pull", before: pulls[0], after: pulls[1] } }),
    layers: changes(layers(before), layers(now)),
    paths: deepest(
      changes(paths(before.contents), paths(now.contents), Infinity),
    ).slice(0, MOST),
    packages: changes(packages(before), packages(now)),
  };
}

/** Changes by name, the largest first; what stayed as it was is left out. */
function changes(
  before: Map<string, number>,
  after: Map<string, number>,
  most = MOST,
): Change[] {
  return changedValues(before, after)
    .sort((a, b) => weight(b) - weight(a) || (a.name < b.name ? -1 : 1))
    .slice(0, most);
}

function weight({ before = 0, after = 0 }: Change): number {
  return Math.abs(after - before);
}

/** A directory whose change is that of one thing in it says nothing more. */
function deepest(found: Change[]): Change[] {
  return found.filter((change) =>
    !found.some((other) =>
      other.name.startsWith(change.name === "/" ? "/" : `${change.name}/`) &&
      other !== change && weight(other) === weight(change)
    )
  );
}

function layers(variant: Variant): Map<string, number> {
  return sumUp(
    variant.layers
      .map((layer) => ({ name: layer.instruction, bytes: layer.sizeBytes })),
  );
}

function paths(node: TreeNode, path = "/"): Map<string, number> {
  const folder = path === "/" ? path : `${path}/`;
  return new Map([
    [path, node.bytes],
    ...(node.children ?? [])
      .flatMap((child) => [...paths(child, folder + child.name)]),
  ]);
}

/** System packages have no bytes of their own here: their version tells. */
function packages({ program, surface }: Variant): Map<string, number> {
  const parts = program ? programParts({ ...program, assets: [] }) : [];
  const { debianPackages, alpinePackages = [] } = surface;
  const system = Object.entries({ deb: debianPackages, apk: alpinePackages })
    .flatMap(([type, packages]) =>
      packages.map((each) => `${type}:${each.name}@${each.version}`)
    ).map((name) => ({ name, bytes: 0 }));
  return sumUp([...parts, ...system]);
}

function sumUp(items: { name: string; bytes: number }[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { name, bytes } of items) {
    sums.set(name, (sums.get(name) ?? 0) + bytes);
  }
  return sums;
}
