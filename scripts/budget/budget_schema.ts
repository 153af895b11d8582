/**
 * The shape of `budget.json`: the limits a team sets for all variants and for
 * single ones. The published JSON Schema is made from it.
 *
 * @module
 */
import { z } from "zod";
import { egressOf } from "../inspect/permissions.ts";
import { type Figure, FIGURES, type Unit } from "../report/figures.ts";
import type { Variant } from "../report/report_schema.ts";
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
export const FACTS: Record<
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
export type GrowthRules =
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
