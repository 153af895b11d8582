/**
 * What failed and what could not be looked at, picked out of a report: the
 * renderers differ in looks, not in what they tell.
 *
 * @module
 */
import { formatBytes, formatLimit, formatShare } from "../lib/format.ts";
import { CHECK_LISTS, type CheckKind, type CheckList } from "./check_kinds.ts";
import type {
  Check,
  Growth,
  Report,
  Variant,
  Verdict,
} from "./report_schema.ts";

/** A check of one variant. */
export interface VariantCheck extends Check {
  variant: string;
  list: CheckList;
  kind: CheckKind;
}

/** All checks of one variant, whatever list they are in. */
export function checksOf(variant: Variant): VariantCheck[] {
  return CHECK_LISTS.flatMap((list) =>
    (variant[list] ?? []).map((check) => ({
      ...check,
      variant: variant.name,
      list,
      kind: check.kind ?? list,
    }))
  );
}

/** A reason why something was not looked at, and where it holds. */
export interface Skipped {
  /** Names of checks that were skipped for this reason; `build` for an image. */
  names: string[];
  reason: string;
  /** None when it holds for all of several variants. */
  variants: string[];
}

/** All checks with a status, by variant. */
export function checksWith(
  status: Check["status"],
  report: Report,
): VariantCheck[] {
  return report.variants.flatMap(checksOf)
    .filter((check) => check.status === status);
}

/**
 * What was skipped, variants that were not built first: the same reason for the
 * same variants is told once.
 */
export function skipped(report: Report): Skipped[] {
  const byCheck = new Map<string, VariantCheck[]>();
  for (const check of checksWith("skip", report)) {
    const key = JSON.stringify([check.name, check.detail]);
    byCheck.set(key, [...byCheck.get(key) ?? [], check]);
  }
  const byReason = new Map<string, Skipped>();
  for (const checks of byCheck.values()) {
    const [{ name, detail }] = checks;
    const variants = checks.map(({ variant }) => variant);
    const key = JSON.stringify([detail, variants]);
    const known = byReason.get(key);
    if (known !== undefined) known.names.push(name);
    else {
      byReason.set(key, {
        names: [name],
        reason: detail ?? "not looked at",
        variants,
      });
    }
  }
  const every = report.variants.length;
  const checks = [...byReason.values()].map((found) => ({
    ...found,
    variants: every > 1 && found.variants.length === every
      ? []
      : found.variants,
  }));
  return [...unbuilt(report), ...checks];
}

function unbuilt({ skipped = [] }: Report): Skipped[] {
  const reasons = new Set(skipped.map(({ reason }) => reason));
  return [...reasons].map((reason) => ({
    names: ["build"],
    reason,
    variants: skipped.filter((left) => left.reason === reason)
      .map(({ name }) => name),
  }));
}

/** Builds that failed, the same failure of several variants once. */
export function sameFailures(
  { failures }: Report,
): [failure: Report["failures"][number], names: string[]][] {
  const found = new Map<string, [Report["failures"][number], string[]]>();
  for (const failure of failures) {
    const { name, dockerfile, message, output, next } = failure;
    // A message names its Dockerfile, and the output begins with its step.
    const [step, ...rest] = output?.split("\n") ?? [];
    const file = dockerfile.split("/").at(-1) ?? "";
    const key = JSON.stringify([
      message.replaceAll(dockerfile, "").replaceAll(file, ""),
      rest.length > 0 ? rest : step,
      next,
    ]);
    const same = found.get(key);
    if (same) same[1].push(name);
    else found.set(key, [failure, [name]]);
  }
  return [...found.values()];
}

/** Checks that failed, the same failure of several variants once. */
export function sameChecks(
  report: Report,
): [check: VariantCheck, names: string[]][] {
  const found = new Map<string, [VariantCheck, string[]]>();
  for (const check of checksWith("fail", report)) {
    // Ports and times differ from start to start.
    const key = JSON.stringify([check.kind, check.name, check.detail])
      .replace(/\d+/g, "0");
    const same = found.get(key);
    if (same) same[1].push(check.variant);
    else found.set(key, [check, [check.variant]]);
  }
  return [...found.values()];
}

/** Everything that makes the run a failure, counted. */
export function failureCounts(report: Report) {
  const failed = checksWith("fail", report);
  const checks = Object.fromEntries(CHECK_LISTS.map((wanted) => [
    wanted,
    failed.filter(({ list }) => list === wanted).length,
  ])) as Record<CheckList, number>;
  return {
    builds: report.failures.length,
    ...checks,
    budget: report.budgets.filter(({ status }) => status === "fail").length,
  };
}

/** Whether nothing in the report failed: what the exit code says. */
export function holds(report: Report): boolean {
  return Object.values(failureCounts(report)).every((count) => count === 0);
}

/** The actual value and the limit of a verdict; a dash when it was skipped. */
export function verdictFigures(
  verdict: Verdict,
): { actual: string; limit: string } {
  return {
    actual: verdict.actual === undefined
      ? "–"
      : formatLimit(verdict.actual, verdict.unit),
    limit: formatLimit(verdict.limit, verdict.unit),
  };
}

/** A change as people read it: `94.1 MB → 95.4 MB (+1.3 MB, +1.4 %)`. */
export function changeText(
  { before, after }: Pick<Growth["size"], "before" | "after">,
): string {
  // Debian packages have no bytes of their own here; that they came is enough.
  if (before === undefined) {
    if (after === undefined) return "–";
    return after === 0 ? "new" : `new, ${formatBytes(after)}`;
  }
  if (after === undefined) {
    return before === 0 ? "gone" : `gone, was ${formatBytes(before)}`;
  }
  if (before === after) return `${formatBytes(after)}, unchanged`;
  const difference = after - before;
  const sign = difference > 0 ? "+" : "−";
  const share = before === 0
    ? ""
    : `, ${sign}${formatShare(Math.abs(difference), before)}`;
  return `${formatBytes(before)} → ${formatBytes(after)} (${sign}${
    formatBytes(Math.abs(difference))
  }${share})`;
}
