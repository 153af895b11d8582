/**
 * The budget that a service starts with: the facts that this project holds its
 * own images to. Limits in bytes are for its owner to set, once there are figures.
 *
 * @module
 */

type Rules = Record<string, unknown>;

/**
 * Makes a first `budget.json`.
 *
 * @param own This project's own `budget.json`.
 * @returns JSON with the same variants and facts, and no size but zero.
 */
export function firstBudget(own: string): string {
  const { all, variants } = JSON.parse(own) as {
    all: Rules;
    variants: Record<string, Rules>;
  };
  const budget = {
    all: facts(all),
    variants: Object.fromEntries(
      Object.entries(variants).map(([name, rules]) => [name, facts(rules)]),
    ),
  };
  return JSON.stringify(budget, null, 2) + "\n";
}

/** The rules that hold for any service: no amount of bytes or time does. */
function facts(rules: Rules): Rules {
  return Object.fromEntries(
    Object.entries(rules).filter(([, limit]) =>
      typeof limit !== "string" || /^0\b/.test(limit)
    ),
  );
}
