/**
 * `budget.json`: its shape, from which the published JSON Schema is made, holding
 * the figures of a report to it, and what grew since an earlier report. Every rule
 * gives a verdict; a figure that was not measured skips its rule and never passes it.
 *
 * @module
 */
import { z } from "zod";
import { changedValues } from "../inspect/diff_images.ts";
import type { TreeNode } from "../inspect/inspect_schema.ts";
import { egressOf } from "../inspect/permissions.ts";
import { UserError } from "../lib/errors.ts";
import { formatLimit } from "../lib/format.ts";
import { suggest } from "../lib/suggest.ts";
import { type Figure, FIGURES, type Unit, valueOf } from "../report/figures.ts";
import { programParts } from "../report/filled_tree.ts";
import type {
  Growth,
  Report,
  Variant,
  Verdict,
} from "../report/report_schema.ts";
import { secretText } from "../report/surface_table.ts";

/** A number with one of these units, in what each of them stands for. */
function quantity(units: Record<string, number>, what: string) {
  const names = Object.keys(units).join("|");
  const shape = new RegExp(`^(\\d+(?:\\.\\d+)?) ?(${names})$`);
  const expected = `expected ${what}`;
  return z.string(expected).regex(shape, expected).transform((text) => {
    const [, number, unit] = shape.exec(text)!;
    return Number(number) * units[unit];
  });
}

const DECIMAL = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 };
const BINARY = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
const size = quantity(
  { ...DECIMAL, ...BINARY },
  'a size such as "100 MB" or "64 MiB"',
).transform(Math.round);
const duration = quantity(
  { ms: 1, s: 1000 },
  'a duration such as "300 ms" or "2 s"',
);
const percent = quantity({ "%": 1 }, 'a share such as "5 %"');

/** How a limit on a number is written; read, it is in bytes or milliseconds. */
const WRITTEN: Record<Unit, z.ZodType<number>> = {
  bytes: size,
  milliseconds: duration,
  count: z.int().nonnegative(),
};

/** The rules that the registry of figures gives, by its ids. */
function ofFigures<T extends z.ZodType>(
  describe: (figure: Figure) => string | undefined,
  written: (unit: Unit) => T,
): Record<string, z.ZodOptional<T>> {
  return Object.fromEntries(FIGURES.flatMap((figure) => {
    const description = describe(figure);
    if (description === undefined || figure.unit === undefined) return [];
    const rule = written(figure.unit).optional().describe(description);
    return [[figure.id, rule]];
  }));
}

const growth = z.strictObject({
  ...ofFigures(({ growth }) => growth, () => percent),
  floor: size.prefault("1 MB")
    .describe(
      "Growth in bytes that is never held against an image, whatever its share.",
    ),
  startFloor: duration.prefault("50 ms")
    .describe("Growth of the start that is never held against an image."),
});

/** Rules that a variant keeps or not, with what is against it; unknown: undefined. */
const FACTS: Record<
  string,
  { says: string; against(variant: Variant): string[] | undefined }
> = {
  notRoot: {
    says: "The image's user is not root.",
    against: ({ surface, config }) =>
      surface.runsAsRoot ? [`user "${config.user}" is root`] : [],
  },
  noShell: {
    says: "No shell is in the image.",
    against: ({ surface }) => surface.shells,
  },
  noSetuid: {
    says: "No setuid or setgid file is in the image.",
    against: ({ surface }) => [
      ...new Set([...surface.setuid, ...surface.setgid]),
    ],
  },
  noSecrets: {
    says:
      "No file that looks like a secret or like state is in any layer or in the program.",
    against: ({ secrets }) => secrets?.map(secretText),
  },
  noEgress: {
    says: "Deno's permissions let the program connect to no other host.",
    against: ({ permissions }) => permissions && egressOf(permissions),
  },
  contract: {
    says: "Every line of the contract holds.",
    against: ({ contract }) =>
      contract?.every(({ status }) => status === "skip")
        ? undefined
        : contract?.filter(({ status }) => status === "fail")
          .map(({ name }) => name),
  },
};

/** Rules for growth: percentages by the ids of figures, and the floors. */
type GrowthRules =
  & { floor: number; startFloor: number }
  & Partial<Record<string, number>>;
/** The rules for one variant: limits by the ids of figures, and facts. */
export interface Rules {
  growth?: GrowthRules;
  [rule: string]: number | boolean | GrowthRules | undefined;
}

const rules: z.ZodType<Rules> = z.strictObject({
  ...ofFigures(({ limit }) => limit, (unit) => WRITTEN[unit]),
  ...Object.fromEntries(
    Object.entries(FACTS)
      .map(([id, { says }]) => [id, z.boolean().optional().describe(says)]),
  ),
  growth: growth.optional().describe(
    "Against the report given with --baseline.",
  ),
});

export const budgetSchema = z.strictObject({
  $schema: z.string().optional(),
  all: rules.optional().describe("Holds for every variant."),
  variants: z.record(z.string(), rules).optional()
    .describe("By the name of a variant; its rules come before those for all."),
});

export type Budget = z.output<typeof budgetSchema>;

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
